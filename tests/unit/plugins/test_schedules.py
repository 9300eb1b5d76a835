"""Schedules that plugins bring, and what is wrong with them."""

import re
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from penstock.plugins import Catalogue, load

PAGE = Path(__file__).parents[3] / "docs" / "schedules.md"
TASKS = """
from datetime import timedelta
from msgspec import Struct
from penstock import Queue, Schedule, hookimpl, task

QUEUE = Queue("{name}")

class Job(Struct):
    size: int = 1

@task("{name}.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return job

@hookimpl
def penstock_queues():
    return [QUEUE]

@hookimpl
def penstock_tasks():
    return [run]
"""
SCHEDULES = """
@hookimpl
def penstock_schedules():
    return [{schedules}]
"""
Loader = Callable[..., Catalogue]


@pytest.fixture
def load_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loader]:
    """Loads a plugin per name, with these schedules."""
    monkeypatch.syspath_prepend(tmp_path)
    loaded: list[str] = []

    def build(**plugins: str) -> Catalogue:
        for name, schedules in plugins.items():
            source = TASKS.format(name=name) + SCHEDULES.format(schedules=schedules)
            (tmp_path / f"schedule_plugin_{name}.py").write_text(source)
            loaded.append(f"schedule_plugin_{name}")
        return load(
            EntryPoint(name=name, value=f"schedule_plugin_{name}", group="penstock")
            for name in plugins
        )

    yield build
    for name in loaded:
        sys.modules.pop(name, None)


def problems(catalogue: Catalogue) -> dict[str, str]:
    return {each.name: " / ".join(each.problems) for each in catalogue.quarantined}


def test_a_plugin_brings_schedules_of_its_own_task_types_and_of_others(load_all: Loader) -> None:
    catalogue = load_all(
        acme='Schedule("acme.tick", task=run, input=Job(), every=timedelta(minutes=5))',
        other='Schedule("other.nightly", task="acme.run", input={"size": 2}, cron="0 3 * * *")',
    )

    assert problems(catalogue) == {}
    found = [
        (each.name, each.task_type) for plugin in catalogue.plugins for each in plugin.schedules
    ]
    assert found == [("acme.tick", "acme.run"), ("other.nightly", "acme.run")]


WRONG = {
    "unknown type": (
        'Schedule("acme.tick", task="acme.rum", input={}, cron="0 3 * * *")',
        r"schedule 'acme.tick': no installed plugin has a task type 'acme.rum'; did you mean 'acme",
    ),
    "input": (
        'Schedule("acme.tick", task="acme.run", input={"size": "x"}, cron="0 3 * * *")',
        r"to fit task type 'acme.run', got \{'size': 'x'\}: Expected `int`, got `str`",
    ),
    "cron": (
        'Schedule("acme.tick", task=run, input=Job(), cron="0 25 * * *")',
        r"schedule 'acme.tick': expected a cron expression .*, got '0 25 \* \* \*': bad hour",
    ),
    "twice": (
        '*2 * [Schedule("acme.tick", task=run, input=Job(), cron="0 3 * * *")]',
        r"declares schedule 'acme.tick' 2 times",
    ),
    "no schedule": ('"acme.tick"', r"'penstock_schedules' to return Schedule objects"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_plugin_with_a_schedule_that_cannot_be_kept_is_quarantined(
    load_all: Loader, case: str
) -> None:
    schedules, message = WRONG[case]
    catalogue = load_all(acme=schedules, fine="")

    assert [each.name for each in catalogue.plugins] == ["fine"]
    assert re.search(message, problems(catalogue)["acme"]), problems(catalogue)


def test_a_name_belongs_to_whoever_has_it_first(load_all: Loader) -> None:
    tick = 'Schedule("acme.tick", task=run, input=Job(), cron="0 3 * * *")'
    catalogue = load_all(acme=tick, other=tick)

    assert "declares schedule 'acme.tick', which" in problems(catalogue)["other"]


def test_a_schedule_of_a_plugin_that_is_quarantined_takes_its_own_with_it(
    load_all: Loader,
) -> None:
    catalogue = load_all(
        acme='Schedule("acme.tick", task="gone.run", input={}, cron="0 3 * * *")',
        other='Schedule("other.tick", task="acme.run", input={}, cron="0 3 * * *")',
    )

    assert set(problems(catalogue)) == {"acme", "other"}


def test_the_plugin_of_the_page_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "page_of_schedules.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)

    catalogue = load([EntryPoint(name="acme", value="page_of_schedules", group="penstock")])

    assert problems(catalogue) == {}
    nightly, sync = catalogue.plugins[0].schedules
    assert (nightly.cron, nightly.timezone) == ("0 3 * * *", "Europe/Zurich")
    assert sync.every == timedelta(minutes=15)
