from io import BytesIO

import docx
import msgspec
import pytest

from penstock import PermanentError
from penstock_ai.document import DocumentInput, document
from penstock_ai.file_name import file_name


def decode(**fields):
    return msgspec.json.decode(msgspec.json.encode(fields), type=DocumentInput)


@pytest.mark.parametrize("example", document.examples, ids=lambda example: example.format)
async def test_every_example_succeeds(harness, example):
    run = harness.begin(document)

    result = await document(example, run.context)

    data = await harness.bytes_of(result.artifact)
    assert data.startswith({"pdf": b"%PDF-", "docx": b"PK", "html": b"<!doctype"}[example.format])
    assert result.artifact.name.endswith(f".{example.format}")
    assert result.pages == (1 if example.format == "pdf" else None)
    assert result.warnings == []
    assert [percent for percent, _ in run.progress] == [10, 80]


def test_examples_cover_all_formats_and_both_ways():
    assert {example.format for example in document.examples} == {"pdf", "docx", "html"}
    assert any(example.template for example in document.examples)


async def test_template_data_reaches_the_file(harness):
    run = harness.begin(document)
    request = decode(
        template="letter",
        data={"sender": "Ada", "recipient": "Bob", "date": "now", "body": "Hello"},
        format="docx",
    )

    result = await document(request, run.context)

    opened = docx.Document(BytesIO(await harness.bytes_of(result.artifact)))
    assert "Dear Bob," in [paragraph.text for paragraph in opened.paragraphs]


async def test_missing_template_data_fails_for_good(harness):
    with pytest.raises(PermanentError, match="'sender' is undefined"):
        await document(decode(template="letter"), harness.begin(document).context)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "exactly one of 'markdown', 'template', 'prompt', got none of them"),
        ({"markdown": "x", "template": "letter"}, "got 'markdown' and 'template'"),
        ({"markdown": "x", "prompt": "y"}, "got 'markdown' and 'prompt'"),
        ({"markdown": "x", "model": "m"}, "'model' only together with 'prompt'"),
        ({"template": "letter", "provider": "openai"}, "'provider' only together with 'prompt'"),
        ({"prompt": ""}, "length >= 1"),
        ({"markdown": "x", "data": {"a": 1}}, "'data' only together with 'template'"),
        ({"template": "leter"}, "did you mean 'letter'?"),
        ({"template": "xyz"}, "to be one of 'invoice', 'letter', 'report', got 'xyz'"),
        ({"markdown": ""}, "length >= 1"),
        ({"markdown": "x" * 500_001}, "length <= 500000"),
        ({"markdown": "x", "title": "x" * 201}, "length <= 200"),
        ({"markdown": "x", "format": "odt"}, "Invalid enum value 'odt'"),
        ({"markdown": "x", "language": "English"}, "matching regex"),
        ({"markdown": "x", "formt": "pdf"}, "unknown field `formt`"),
        ({"markdown": 5}, "Expected `str | null`"),
    ],
)
def test_bad_input_is_refused_when_it_is_decoded(fields, problem):
    with pytest.raises(msgspec.ValidationError) as caught:
        decode(**fields)

    assert problem in str(caught.value)


def test_the_input_schema_names_the_templates():
    schema = str(document.input_schema())

    assert "['invoice', 'letter', 'report']" in schema


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Überblick: Q3/2026", "uberblick-q3-2026.pdf"),
        ("../../etc/passwd\x00", "etc-passwd.pdf"),
        ("漢字", "document.pdf"),
        ("", "document.pdf"),
        ("x" * 200, "x" * 60 + ".pdf"),
    ],
)
def test_file_names_are_plain(title, name):
    assert file_name(title, "pdf") == name
