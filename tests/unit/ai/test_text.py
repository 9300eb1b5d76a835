import msgspec
import pytest

from penstock import PermanentError
from penstock_ai.settings import AiSettings
from penstock_ai.text import TextInput, text


def decode(**fields):
    return msgspec.json.decode(msgspec.json.encode(fields), type=TextInput)


@pytest.fixture
def write(harness):
    """Write a text, and return the result."""

    async def write(settings=None, **fields):
        harness.settings(settings or AiSettings())
        return await text(decode(**fields), harness.begin(text).context)

    return write


@pytest.fixture
def refused(write):
    """Have a text refused, and return the error."""

    async def refused(**fields):
        with pytest.raises(PermanentError) as caught:
            await write(**fields)
        return caught.value

    return refused


async def test_a_template_is_filled_with_its_data(write):
    result = await write(
        template="{% for each in items %}{{ loop.index }}. {{ each | upper }}\n{% endfor %}",
        data={"items": ["a", "b & c"]},
    )

    assert result.text == "1. A\n2. B & C\n"
    assert result.artifact is None


async def test_a_template_is_for_the_builtin_renderer_even_where_a_model_is_configured(write):
    settings = AiSettings(openai_api_key="k", openai_text_model="m")

    result = await write(settings, template="x")

    assert (result.provider, result.text) == ("builtin", "x")


async def test_template_syntax_in_data_is_not_run(write):
    result = await write(template="{{ a }}", data={"a": "{{ 7 * 7 }}"})

    assert result.text == "{{ 7 * 7 }}"


@pytest.mark.parametrize(
    ("template", "code", "problem"),
    [
        ("a\n{% if %}", "invalid_template", "an error in line 2"),
        ("{{ x }}", "invalid_template_data", "'x' is undefined"),
        ("{{ x.y }}", "invalid_template_data", "'x' is undefined"),
        ("{{ 1 / 0 }}", "invalid_template_data", "ZeroDivisionError"),
        ("{% include 'a' %}", "invalid_template_data", "no loader"),
        ("{{ ''.__class__.__mro__ }}", "invalid_template_data", "unsafe"),
        ("{{ cycler.__init__.__globals__ }}", "invalid_template_data", "unsafe"),
        ("{% for a in range(99999) %}{{ 'x' * 99 }}{% endfor %}", "too_complex", "1,000,000"),
        ("{{ 'x' * 9999999 }}", "too_complex", "1,000,000"),
    ],
)
async def test_templates_that_fail_are_refused_by_name(refused, template, code, problem):
    error = await refused(template=template)

    assert error.code == code
    assert problem in str(error)


async def test_what_a_database_cannot_hold_is_replaced(write):
    result = await write(template=r"a{{ '\u0000' }}b{{ '\ud800' }}c")

    assert result.text == "a\ufffdb\ufffdc"


async def test_a_long_text_goes_to_a_file(harness, write):
    result = await write(template="{{ 'ü' * 50001 }}")

    assert result.text is None
    assert result.artifact is not None
    assert result.artifact.name == "text.txt"
    assert (await harness.bytes_of(result.artifact)).decode() == "ü" * 50_001


async def test_a_text_of_just_under_the_bound_stays_in_the_result(write):
    result = await write(template="{{ 'ü' * 50000 }}")

    assert result.text == "ü" * 50_000
    assert result.artifact is None


async def test_a_summary_without_a_model_consists_of_the_texts_own_sentences(write):
    result = await write(summarize="One thing is this. Another thing is that. Done!", sentences=2)

    assert result.text == "One thing is this. Another thing is that."
    assert result.is_model_output is False


async def test_a_key_without_a_model_still_summarises_without_one(write):
    result = await write(AiSettings(openai_api_key="k"), summarize="One. Two.")

    assert result.provider == "builtin"


@pytest.mark.parametrize(
    "fields",
    [{"prompt": "x"}, {"prompt": "x", "provider": "builtin"}],
    ids=["nothing configured", "builtin asked for"],
)
async def test_a_prompt_without_a_model_names_the_remedy(refused, fields):
    error = await refused(**fields)

    assert error.code == "capability_unavailable"
    for remedy in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "PENSTOCK_AI_OPENAI_TEXT_MODEL"):
        assert remedy in str(error)


async def test_a_summary_by_a_model_that_is_not_there_is_not_done_without_one(refused):
    error = await refused(summarize="x", model="some-model", provider="openai")

    assert error.code == "capability_unavailable"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "exactly one of 'prompt', 'template', 'summarize', got none of them"),
        ({"prompt": "x", "template": "y"}, "got 'prompt' and 'template'"),
        ({"prompt": "x", "data": {}}, "'data' only together with 'template'"),
        ({"prompt": "x", "sentences": 3}, "'sentences' only together with 'summarize'"),
        ({"template": "x", "system": "y"}, "'system' only together with 'prompt'"),
        ({"summarize": "x", "temperature": 1}, "'temperature' only together with 'prompt'"),
        ({"template": "x", "model": "m"}, "'model' only together with a model"),
        ({"summarize": "x", "model": "m", "provider": "builtin"}, "'model' only together with"),
        ({"template": "x", "provider": "openai"}, "'provider' only together with"),
        ({"summarize": "x", "sentences": 0}, ">= 1"),
        ({"summarize": "x", "sentences": 21}, "<= 20"),
        ({"prompt": "x", "temperature": 2.1}, "<= 2"),
        ({"prompt": "x", "max_output_tokens": 0}, ">= 1"),
        ({"prompt": "x" * 100_001}, "length <= 100000"),
        ({"prompt": "x", "promt": "y"}, "unknown field `promt`"),
    ],
)
def test_bad_input_is_refused_when_it_is_decoded(fields, problem):
    with pytest.raises(msgspec.ValidationError) as caught:
        decode(**fields)

    assert problem in str(caught.value)
