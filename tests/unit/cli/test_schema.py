"""`penstock plugins schema`: what a task type takes and gives, and whether that has changed."""

import json
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from penstock_ai.document import document

SCHEMAS = Path("tests/conformance/schemas.json").absolute()


def test_both_schemas_are_printed_or_one_of_them(run):
    both = json.loads(run("plugins", "schema", "ai.document").stdout)

    assert both.keys() == {"input", "output"}
    for which in ("input", "output"):
        Draft202012Validator.check_schema(both[which])
        assert (
            json.loads(run("plugins", "schema", "ai.document", f"--{which}").stdout) == both[which]
        )
    assert both["input"] == document.input_schema()


def test_a_snapshot_that_still_holds_is_compatible(run, tmp_path):
    written = run("plugins", "schema", "ai.document", "--snapshot", "document.json")
    checked = run("plugins", "schema", "ai.document", "--check", "document.json")

    assert (written.exit_code, written.stdout) == (0, "")
    assert json.loads((tmp_path / "document.json").read_text())["ai"].keys() == {"ai.document"}
    assert checked.exit_code == 0, checked.output
    assert "ai.document: compatible with document.json" in checked.stderr


def test_a_file_has_the_schemas_of_many_task_types_and_is_the_one_of_the_kit(run, tmp_path):
    shutil.copy(SCHEMAS, tmp_path / "schemas.json")
    kept = json.loads(SCHEMAS.read_text())
    del kept["ai"]["ai.document"]
    (tmp_path / "others.json").write_text(json.dumps(kept))

    checked = run("plugins", "schema", "ai.document", "--check", "schemas.json")
    added = run("plugins", "schema", "ai.document", "--snapshot", "others.json")

    assert checked.exit_code == 0, checked.output
    assert added.exit_code == 0, added.output
    assert (tmp_path / "others.json").read_text() == SCHEMAS.read_text()


def test_what_breaks_callers_is_told_and_fails(run, tmp_path):
    run("plugins", "schema", "ai.document", "--snapshot", "document.json")
    written = json.loads((tmp_path / "document.json").read_text())
    before = written["ai"]["ai.document"]
    before["input"]["$defs"]["DocumentInput"]["properties"]["format"]["enum"] += ["rtf"]
    before["output"]["$defs"]["Document"]["properties"]["sheets"] = {"type": "integer"}
    before["output"]["$defs"]["Document"]["required"] += ["sheets"]
    (tmp_path / "document.json").write_text(json.dumps(written))

    checked = run("plugins", "schema", "ai.document", "--check", "document.json")

    assert checked.exit_code == 1
    assert 'ai.document: input $.format no longer takes "rtf"; keep taking it' in checked.stderr
    assert "ai.document: output $.sheets may be missing now; keep returning it" in checked.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["ai.documnt"], 1, "did you mean 'ai.document'?"),
        (["ai.document", "--input", "--output"], 2, "at most one of"),
        (["ai.document", "--check", "gone.json"], 1, "cannot read 'gone.json': No such file"),
        (
            ["ai.document", "--check", "list.json"],
            1,
            "expected a snapshot of the schemas of task types",
        ),
        (
            ["ai.document", "--check", "text.json"],
            1,
            "expected a snapshot of the schemas of task types",
        ),
        (
            ["ai.text", "--check", "document.json"],
            1,
            "'penstock plugins schema ai.text --snapshot document.json'",
        ),
        (["ai.text", "--snapshot", "list.json"], 1, "expected a snapshot of the schemas"),
        (["ai.document", "--snapshot", "no/folder.json"], 1, "cannot write 'no/folder.json'"),
    ],
)
def test_mistakes_are_told_with_a_remedy(run, tmp_path, arguments, code, said):
    run("plugins", "schema", "ai.document", "--snapshot", "document.json")
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "text.json").write_bytes(b"\xff")

    done = run("plugins", "schema", *arguments)

    assert done.exit_code == code, done.output
    assert said in " ".join(done.stderr.split())
