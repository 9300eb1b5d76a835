import subprocess
import sys
from io import BytesIO

import docx
import msgspec
import pytest

import penstock_ai
from penstock import PermanentError
from penstock_ai.document import Document, DocumentInput, document
from penstock_ai.file_name import file_name
from penstock_ai.queues import AI
from tests.services.plugin_context import PluginContext


def decode(**fields):
    return msgspec.json.decode(msgspec.json.encode(fields), type=DocumentInput)


def test_the_plugin_declares_its_queue_and_task():
    assert penstock_ai.penstock_queues() == [AI]
    assert penstock_ai.penstock_tasks() == [document]
    assert document.queue is AI


def test_importing_the_plugin_imports_no_renderer():
    heavy = "{'typst', 'docx', 'jinja2', 'markdown_it', 'lxml'}"
    code = f"import sys, penstock_ai; print(sorted({heavy} & set(sys.modules)))"

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
    )

    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("example", document.examples, ids=lambda example: example.format)
async def test_every_example_succeeds(example):
    run = PluginContext(document)

    result = await document(example, run)

    data = run.artifacts.bytes_of(result.artifact)
    assert data.startswith({"pdf": b"%PDF-", "docx": b"PK", "html": b"<!doctype"}[example.format])
    assert result.artifact.name.endswith(f".{example.format}")
    assert result.pages == (1 if example.format == "pdf" else None)
    assert result.warnings == []
    assert [percent for percent, _ in run.seen] == [10, 80]


def test_examples_cover_all_formats_and_both_ways():
    assert {example.format for example in document.examples} == {"pdf", "docx", "html"}
    assert any(example.template for example in document.examples)


async def test_results_say_that_no_model_was_used():
    result = await document(DocumentInput(markdown="x", format="html"), PluginContext(document))

    sent = msgspec.to_builtins(result)
    assert sent["provider"] == "builtin"
    assert sent["provider_label"] == "built-in renderer, no AI model"
    assert (sent["is_model_output"], sent["usage"], sent["cost"]) == (False, None, 0.0)
    assert msgspec.convert(sent, Document) == result


async def test_template_data_reaches_the_file():
    run = PluginContext(document)
    request = decode(
        template="letter",
        data={"sender": "Ada", "recipient": "Bob", "date": "now", "body": "Hello"},
        format="docx",
    )

    result = await document(request, run)

    opened = docx.Document(BytesIO(run.artifacts.bytes_of(result.artifact)))
    assert "Dear Bob," in [paragraph.text for paragraph in opened.paragraphs]


async def test_missing_template_data_fails_for_good():
    with pytest.raises(PermanentError, match="'sender' is undefined"):
        await document(decode(template="letter"), PluginContext(document))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "exactly one of 'markdown' and 'template', got neither"),
        ({"markdown": "x", "template": "letter"}, "got both"),
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
