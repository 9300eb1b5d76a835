"""What a start costs: no library that only handlers need, and no more per plugin if there are many.

``python -m benchmarks.startup`` prints the times.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import penstock
from benchmarks.many_plugins import TASKS, write_plugins
from benchmarks.startup import probe
from penstock.api.openapi import openapi_document
from penstock.api.views import TaskTypeView
from penstock.configuration import configured
from penstock.plugins import discover, load
from penstock.settings import Settings

CORE = Path(penstock.__file__).parent


@pytest.fixture
def twenty_plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    write_plugins(tmp_path, 20)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    _forget_modules()


def _forget_modules() -> None:
    for name in [each for each in sys.modules if each.startswith("many_")]:
        del sys.modules[name]


def test_the_api_imports_nothing_that_only_handlers_or_workers_need(tmp_path: Path) -> None:
    found = probe(tmp_path, plugins=0)

    assert found["task_types"] >= 6
    assert found["quarantined"] == []
    # Litestar imports pydantic wherever it is installed.
    assert set(found["heavy"]) <= {"pydantic"}


def test_a_plugin_that_uses_no_pydantic_pays_nothing_for_it() -> None:
    script = (
        "import sys, penstock_ai, penstock_upload, penstock_video; "
        "sys.exit({'pydantic', 'taskiq', 'sqlalchemy', 'litestar'} & set(sys.modules) or 0)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)

    assert done.returncode == 0, done.stderr


def _lines_of_start(plugins: int, folder: Path) -> Counter[str]:
    """How many lines of Penstock's own run when so many plugins are loaded, by file."""
    _forget_modules()
    entry_points = [each for each in discover() if each.name.startswith("many-")][:plugins]
    settings = Settings.load({}, folder)
    lines: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _: Any) -> Any:
        if event == "line":
            lines[frame.f_code.co_filename] += 1
        return count

    def enter(frame: FrameType, _: str, __: Any) -> Any:
        return count if frame.f_code.co_filename.startswith(str(CORE)) else None

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        catalogue = load(entry_points)
        configured(settings, catalogue)
        openapi_document(catalogue, max_body_bytes=1, max_upload_bytes=1)
        for each in catalogue.task_types.values():
            TaskTypeView.of(each)
    finally:
        sys.settrace(before)
    assert len(catalogue.task_types) == plugins * TASKS
    return Counter({str(Path(name).relative_to(CORE)): n for name, n in lines.items()})


def test_twice_as_many_plugins_take_twice_as_much(twenty_plugins: Path) -> None:
    """By lines that run, not by time; what is the same for any number of plugins does not count."""
    five, ten, twenty = (_lines_of_start(each, twenty_plugins) for each in (5, 10, 20))

    growth = {
        name: (twenty[name] - ten[name]) / max(ten[name] - five[name], 1)
        for name in twenty
        if twenty[name] > TASKS * 20
    }
    assert len(growth) > 5
    # Ten plugins more are twice as many as five.
    assert {name: each for name, each in growth.items() if each > 2.1} == {}
