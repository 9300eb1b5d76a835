"""The snapshot of schemas: what it lets pass, and what it says of the rest."""

import json
from pathlib import Path

import pytest
from msgspec import Struct

from penstock import Queue, task
from penstock.plugins import Catalogue, Plugin
from penstock.testing.contract import snapshot
from penstock.testing.contract.subject import Subject

ACME = Queue("acme")


class Old(Struct):
    width: int


class New(Struct):
    width: int
    height: int = 1


class Other(Struct):
    width: int
    depth: int


def subject(kind: type, output: type = int, name: str = "acme.area") -> Subject:
    async def area(size):
        """Width by height."""

    area.__annotations__ = {"size": kind, "return": output}
    declared = task(name, queue=ACME)(area)
    plugin = Plugin(
        name="acme", distribution="penstock-acme", version="1.0", queues=[ACME], tasks=[declared]
    )
    return Subject("acme", Catalogue(plugins=[plugin]), {})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "schemas.json"
    assert [*snapshot.faults(subject(Old), path, overwrite=True)] == []
    return path


def faults(path: Path, found: Subject, *, overwrite: bool = False) -> str:
    return "\n".join(snapshot.faults(found, path, overwrite=overwrite))


def test_what_has_not_changed_passes(path: Path) -> None:
    assert faults(path, subject(Old)) == ""


def test_a_change_that_fits_asks_for_a_new_snapshot(path: Path) -> None:
    told = faults(path, subject(New))

    assert "the schemas of acme.area of plugin 'acme' (penstock-acme 1.0) are not those of" in told
    assert faults(path, subject(New), overwrite=True) == ""
    assert faults(path, subject(New)) == ""


def test_an_input_that_refuses_what_it_took_is_named_with_the_place(path: Path) -> None:
    told = faults(path, subject(Other))

    assert "the input of task type 'acme.area'" in told
    assert "$.depth" in told
    assert "pytest --penstock-snapshot" in told


def test_an_output_that_readers_do_not_know_is_named(path: Path) -> None:
    assert "the output of task type 'acme.area'" in faults(path, subject(Old, str))


def test_a_task_type_that_is_gone_is_named(path: Path) -> None:
    assert "has no task type 'acme.area' any more" in faults(path, subject(Old, name="acme.size"))


def test_several_plugins_share_a_file(path: Path) -> None:
    path.write_text(json.dumps({"other": {}, **json.loads(path.read_text())}))

    assert faults(path, subject(New), overwrite=True) == ""
    assert json.loads(path.read_text()).keys() == {"acme", "other"}


def test_the_first_one_is_written_but_in_ci_it_has_to_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "1")
    path = tmp_path / "schemas.json"
    assert "has no snapshot of its schemas" in faults(path, subject(Old))

    monkeypatch.setenv("CI", "")
    assert faults(path, subject(Old)) == ""
    assert path.exists()
