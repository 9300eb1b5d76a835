"""Plugins that cannot load are quarantined whole; everybody else works."""

import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path

import pytest

from penstock.plugins import Catalogue, UnknownTaskTypeError, load

GOOD = """
from msgspec import Struct
from penstock import Queue, hookimpl, task

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


@pytest.fixture
def load_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Catalogue]]:
    """Writes each source as an installed package of its own, and loads them all."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def build(**sources: str) -> Catalogue:
        candidates: list[EntryPoint] = []
        for name, source in sources.items():
            (tmp_path / f"plugin_{name}.py").write_text(source)
            info = tmp_path / f"plugin_{name}-1.2.dist-info"
            info.mkdir()
            (info / "METADATA").write_text(f"Name: plugin-{name}\nVersion: 1.2\n")
            (info / "entry_points.txt").write_text(f"[penstock]\n{name} = plugin_{name}\n")
            candidates += PathDistribution(info).entry_points
        return load(candidates)

    yield build
    for name in set(sys.modules) - before:
        del sys.modules[name]


def good(name: str) -> str:
    return GOOD.format(name=name)


def test_a_plugin_brings_its_queues_and_task_types(
    load_all: Callable[..., Catalogue],
) -> None:
    catalogue = load_all(acme=good("acme"), other=good("other"))

    assert sorted(catalogue.queues) == ["acme", "other"]
    assert sorted(catalogue.task_types) == ["acme.run", "other.run"]
    assert [(each.distribution, each.version) for each in catalogue.plugins] == [
        ("plugin-acme", "1.2"),
        ("plugin-other", "1.2"),
    ]
    assert catalogue.quarantined == ()


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("import nothing_like_this", "ModuleNotFoundError: No module named 'nothing_like_this'"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def broken(:", "SyntaxError"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        (
            good("bad").replace("def penstock_tasks", "def penstock_task"),
            "there is no hook 'penstock_task'; did you mean 'penstock_tasks'?",
        ),
        (
            good("bad").replace("def penstock_tasks", "async def penstock_tasks"),
            "expected hook 'penstock_tasks' to be a plain function, got an 'async def'",
        ),
        (
            good("bad").replace("return [run]", "return run"),
            "expected hook 'penstock_tasks' to return a list",
        ),
        (
            good("bad").replace("return [run]", "return [print]"),
            "expected hook 'penstock_tasks' to return TaskType objects, got <built-in function",
        ),
        (
            good("bad").replace("return [QUEUE]", "raise KeyError('no key')"),
            "KeyError: 'no key'",
        ),
        (
            good("bad").replace("return [QUEUE]", "return []"),
            "task type 'bad.run' runs on queue 'bad', which this plugin does not return",
        ),
        (
            good("bad").replace("async def", "def") + "\nrun_task, run = run, None\n"
            "penstock_tasks = hookimpl(lambda: [run_task], specname='penstock_tasks')\n",
            "the process of task type 'bad.run' would not find its handler: plugin_bad.run is None",
        ),
        (
            good("bad").replace("return [run]", "return [run, run]"),
            "declares task type 'bad.run' 2 times",
        ),
        (good("acme"), "declares queue 'acme', which plugin-acme 1.2 has already"),
        (
            good("bad").replace("def penstock_queues()", "def penstock_queues(config)"),
            "penstock_queues",
        ),
        (
            good("bad").replace('Queue("bad")', 'Queue("bad", concurrency=0)'),
            "expected concurrency of queue 'bad' to be a whole number of at least 1, got 0",
        ),
    ],
)
def test_a_plugin_that_cannot_load_is_quarantined_whole_and_the_rest_works(
    load_all: Callable[..., Catalogue], source: str, problem: str
) -> None:
    catalogue = load_all(acme=good("acme"), bad=source, other=good("other"))

    assert sorted(catalogue.task_types) == ["acme.run", "other.run"]
    (quarantined,) = catalogue.quarantined
    assert (quarantined.name, quarantined.distribution, quarantined.version) == (
        "bad",
        "plugin-bad",
        "1.2",
    )
    assert problem in " / ".join(quarantined.problems)


def test_an_unknown_task_type_suggests_the_nearest(load_all: Callable[..., Catalogue]) -> None:
    catalogue = load_all(acme=good("acme"))

    with pytest.raises(UnknownTaskTypeError, match=r"did you mean .acme\.run."):
        catalogue.task_type("acme.rum")
    with pytest.raises(UnknownTaskTypeError, match=r"known are .acme\.run."):
        catalogue.task_type("zebra")


def test_two_plugins_of_one_name_and_a_reserved_one_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "twin_one.py").write_text(good("one"))
    (tmp_path / "twin_two.py").write_text(good("two"))
    (tmp_path / "twin_queue.py").write_text(good("three"))
    names = [("twin", "twin_one"), ("twin", "twin_two"), ("queue", "twin_queue")]

    catalogue = load([EntryPoint(name=n, value=v, group="penstock") for n, v in names])

    assert list(catalogue.queues) == ["one"]
    twin, reserved = (" ".join(each.problems) for each in catalogue.quarantined)
    assert "the entry point is called 'twin', as that of" in twin
    assert "'queue', and settings of Penstock's own start with PENSTOCK_QUEUE_" in reserved
