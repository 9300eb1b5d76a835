"""Prompts, by the real provider, from a server that speaks its protocol and has no model."""

from io import BytesIO

import PIL.Image
import pytest

from penstock import PermanentError, RateLimitedError, TransientError
from penstock_ai.code import CodeInput, code
from penstock_ai.document import DocumentInput, document
from penstock_ai.image import ImageInput, image
from penstock_ai.settings import AiSettings
from penstock_ai.text import TextInput, text
from tests.services.openai_endpoints import INPUT_TOKENS, NOTICE, OUTPUT_TOKENS
from tests.services.openai_server import OpenAiServer

ASKING = [
    (text, TextInput(prompt="Say it.")),
    (document, DocumentInput(prompt="Say it.", format="html")),
    (code, CodeInput(prompt="Say it.")),
]
NAMES = ["text", "document", "code"]


@pytest.fixture
def server():
    with OpenAiServer() as server:
        yield server


@pytest.fixture
def begin(harness, server):
    """Begin a run whose operator has set the server up."""
    settings = AiSettings(
        openai_base_url=server.base_url,
        openai_text_model="writer-1",
        openai_image_model="painter-1",
    )
    harness.settings(settings)
    return harness.begin


async def test_a_prompt_is_answered_by_the_model_that_is_configured(server, begin):
    run = begin(text)

    result = await text(TextInput(prompt="Hello", system="Be brief.", temperature=0.5), run.context)

    assert result.text == f"{NOTICE} Hello"
    assert (result.provider, result.is_model_output, result.cost) == ("openai", True, None)
    assert result.usage is not None
    (post,) = server.posts
    assert [message["content"] for message in post.body["messages"]] == ["Be brief.", "Hello"]
    assert (post.body["model"], post.body["temperature"]) == ("writer-1", 0.5)
    percents = [percent for percent, _ in run.progress]
    assert percents == sorted(percents)
    assert len(percents) > 2
    assert any("characters so far" in message for _, message in run.progress)
    assert run.text == result.text


async def test_a_model_in_the_request_goes_before_the_operators(server, begin):
    await text(TextInput(prompt="Hello", model="writer-2"), begin(text).context)

    assert server.posts[0].body["model"] == "writer-2"


async def test_builtin_is_honoured_where_a_model_is_configured(server, begin):
    with pytest.raises(PermanentError, match="OPENAI_API_KEY"):
        await text(TextInput(prompt="Hello", provider="builtin"), begin(text).context)

    assert server.posts == []


async def test_a_summary_is_written_by_the_model_that_is_configured(server, begin):
    server.next("ok", text="Short.")

    result = await text(TextInput(summarize="A long text.", sentences=2), begin(text).context)

    assert (result.text, result.provider) == ("Short.", "openai")
    assert "A long text." in server.posts[0].prompt
    assert "2 sentences" in server.posts[0].prompt


async def test_a_summary_by_builtin_asks_no_model(server, begin):
    result = await text(TextInput(summarize="One. Two.", provider="builtin"), begin(text).context)

    assert (result.text, result.provider) == ("One. Two.", "builtin")
    assert server.posts == []


async def test_a_long_answer_goes_to_a_file(harness, server, begin):
    server.next("ok", text="x" * 100_001)
    run = begin(text)

    result = await text(TextInput(prompt="Hello"), run.context)

    assert result.text is None
    assert result.artifact is not None
    assert await harness.bytes_of(result.artifact) == b"x" * 100_001
    assert result.is_model_output


@pytest.mark.parametrize(("task", "request_"), ASKING, ids=NAMES)
@pytest.mark.parametrize("reply", ["cut", "cut_abruptly", "length"])
async def test_what_there_was_of_a_cut_text_is_kept_and_the_task_tried_again(
    harness, server, begin, task, request_, reply
):
    server.next(reply)
    run = begin(task, attempt=2)

    with pytest.raises(
        TransientError, match=r"partial kept as artifact 'partial-attempt-2\.txt'"
    ) as caught:
        await task(request_, run.context)

    (artifact,) = run.artifacts
    data = await harness.bytes_of(artifact)
    assert caught.value.code == "incomplete_output"
    assert str(artifact.id) in str(caught.value)
    assert artifact.name == "partial-attempt-2.txt"
    assert data.startswith(b"[wire double")
    assert len(server.posts) == 1


async def test_a_text_that_was_cut_before_it_began_leaves_no_file(server, begin):
    server.next("cut", cut_after=0)
    run = begin(text)

    with pytest.raises(TransientError):
        await text(TextInput(prompt="Hello"), run.context)

    assert run.artifacts == []


@pytest.mark.parametrize(("task", "request_"), ASKING, ids=NAMES)
@pytest.mark.parametrize(
    ("reply", "options", "error"),
    [
        ("rate_limited", {"retry_after": "7"}, RateLimitedError),
        ("error_500", {}, TransientError),
        ("content_policy", {}, PermanentError),
    ],
)
async def test_the_providers_errors_come_through_as_they_are(
    server, begin, task, request_, reply, options, error
):
    server.next(reply, **options)

    with pytest.raises(error):
        await task(request_, begin(task).context)

    assert len(server.posts) == 1


async def test_a_document_is_rendered_from_the_models_markdown(harness, server, begin):
    server.next("ok", text="```markdown\n# Tides\n\nThey *rise*.\n```")
    run = begin(document)

    result = await document(
        DocumentInput(prompt="On tides", format="html", language="de"), run.context
    )

    page = (await harness.bytes_of(result.artifact)).decode()
    assert "<h1>Tides</h1>" in page
    assert "<em>rise</em>" in page
    assert result.artifact.name == "tides.html"
    assert (result.provider, result.is_model_output, result.cost) == ("openai", True, None)
    assert "'de'" in server.posts[0].body["messages"][0]["content"]
    percents = [percent for percent, _ in run.progress]
    assert percents == sorted(percents)


async def test_a_document_by_a_prompt_needs_a_model(harness):
    with pytest.raises(PermanentError, match="OPENAI_API_KEY") as caught:
        await document(DocumentInput(prompt="x"), harness.begin(document).context)

    assert caught.value.code == "capability_unavailable"


@pytest.mark.parametrize(
    ("answer", "is_ok"), [("x = 1\n", True), ("x = \n", False), ("(" * 5000 + "\n", False)]
)
async def test_python_from_a_model_is_checked_and_kept_as_it_is(
    harness, server, begin, answer, is_ok
):
    server.next("ok", text=f"Sure!\n\n```python\n{answer}```\n")
    run = begin(code)

    result = await code(CodeInput(prompt="Write"), run.context)

    assert (result.code, result.syntax_ok, result.language) == (answer, is_ok, "python")
    assert result.artifact.name == "code.py"
    assert (await harness.bytes_of(result.artifact)).decode() == answer
    assert result.is_model_output


@pytest.mark.parametrize(
    ("language", "name"), [("rust", "code.rs"), ("sql", "code.sql"), ("befunge", "code.txt")]
)
async def test_other_languages_are_not_checked(server, begin, language, name):
    server.next("ok", text=f"```{language}\nanything (\n```")

    result = await code(CodeInput(prompt="Write", language=language), begin(code).context)

    assert (result.code, result.syntax_ok) == ("anything (\n", None)
    assert (result.artifact.name, result.language) == (name, language)
    assert language in server.posts[0].body["messages"][0]["content"]


async def test_a_models_picture_is_stored_as_what_it_is(harness, server, begin):
    run = begin(image)

    result = await image(ImageInput(prompt="A cat", width=320, height=200), run.context)

    picture = PIL.Image.open(BytesIO(await harness.bytes_of(result.artifact)))
    assert picture.size == (result.width, result.height) == (320, 200)
    assert (result.artifact.name, result.artifact.content_type) == ("a-cat.png", "image/png")
    assert (result.provider, result.is_model_output, result.cost) == ("openai", True, None)
    assert server.posts[0].body["size"] == "320x200"


async def test_what_is_no_picture_is_refused_and_not_bought_again(server, begin):
    server.next("not_an_image")
    run = begin(image)

    with pytest.raises(PermanentError, match="PNG, JPEG or WebP picture") as caught:
        await image(ImageInput(prompt="A cat"), run.context)

    assert caught.value.code == "provider_refused"
    assert run.artifacts == []
    assert len(server.posts) == 1


async def test_the_tokens_that_a_model_used_are_charged(server, begin):
    run = begin(text)
    await text(TextInput(prompt="Hello"), run.context)

    drawn = begin(image)
    await image(ImageInput(prompt="A cat"), drawn.context)

    assert [each.charged for each in (run, drawn)] == [INPUT_TOKENS + OUTPUT_TOKENS] * 2
