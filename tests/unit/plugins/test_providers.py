"""Providers that plugins bring, and that task types of others name."""

import re
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from penstock import RateLimit, UnitLimit
from penstock.plugins import Catalogue, load

PAGE = Path(__file__).parents[3] / "docs" / "providers.md"
BRINGS = """
from penstock import Provider, hookimpl

{name} = Provider("{name}", concurrency=2)

@hookimpl
def penstock_providers():
    return [{name}]
"""
NEEDS = """
from msgspec import Struct
from penstock import Provider, Queue, hookimpl, task

QUEUE = Queue("needy")

class Job(Struct):
    size: int = 1

@task("needy.run", queue=QUEUE, provider={provider})
async def run(job: Job) -> Job:
    return job

@hookimpl
def penstock_queues():
    return [QUEUE]

@hookimpl
def penstock_tasks():
    return [run]
"""
Loader = Callable[..., Catalogue]


@pytest.fixture
def load_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loader]:
    """Loads each source as a plugin."""
    monkeypatch.syspath_prepend(tmp_path)
    loaded: list[str] = []

    def build(**sources: str) -> Catalogue:
        for name, source in sources.items():
            (tmp_path / f"provider_plugin_{name}.py").write_text(source)
            loaded.append(f"provider_plugin_{name}")
        return load(
            EntryPoint(name=name, value=f"provider_plugin_{name}", group="penstock")
            for name in sources
        )

    yield build
    for name in loaded:
        sys.modules.pop(name, None)


def problems(catalogue: Catalogue) -> dict[str, str]:
    return {each.name: " / ".join(each.problems) for each in catalogue.quarantined}


def test_a_provider_stands_in_the_catalogue_and_is_tuned_by_the_operator(load_all: Loader) -> None:
    catalogue = load_all(acme=BRINGS.format(name="acme"))
    rate = RateLimit(limit=5, period=timedelta(seconds=1))

    tuned = catalogue.tuned({}, {"acme": {"rate_limit": rate}})

    assert catalogue.providers["acme"].concurrency == 2
    assert (tuned.providers["acme"].concurrency, tuned.providers["acme"].rate_limit) == (2, rate)


def test_a_task_type_may_name_a_provider_of_a_plugin_that_loads_later(load_all: Loader) -> None:
    catalogue = load_all(needy=NEEDS.format(provider="'zebra'"), zebra=BRINGS.format(name="zebra"))

    assert catalogue.quarantined == ()
    assert "needy.run" in catalogue.task_types


def test_a_name_that_nobody_declares_quarantines_its_plugin(load_all: Loader) -> None:
    catalogue = load_all(acme=BRINGS.format(name="acme"), needy=NEEDS.format(provider="'acmee'"))

    assert [each.name for each in catalogue.plugins] == ["acme"]
    assert problems(catalogue) == {
        "needy": "task type 'needy.run' needs provider 'acmee', which no loaded plugin returns "
        "from penstock_providers; did you mean 'acme'?"
    }


def test_who_needs_a_provider_of_a_quarantined_plugin_is_quarantined_too(load_all: Loader) -> None:
    both = NEEDS.replace("needy", "other").format(provider="'gone'") + BRINGS.format(name="acme")
    catalogue = load_all(other=both, needy=NEEDS.format(provider="'acme'"))

    assert catalogue.plugins == ()
    assert "needs provider 'gone'" in problems(catalogue)["other"]
    assert "needs provider 'acme'" in problems(catalogue)["needy"]


def test_a_provider_object_is_the_one_that_is_declared(load_all: Loader) -> None:
    catalogue = load_all(
        acme=BRINGS.format(name="acme"), needy=NEEDS.format(provider="Provider('acme')")
    )

    assert (
        "add it there, or name the provider of another plugin: provider='acme'"
        in (problems(catalogue)["needy"])
    )


def test_names_are_unique_within_a_plugin_and_among_all(load_all: Loader) -> None:
    twice = BRINGS.format(name="acme").replace("[acme]", "[acme, acme]")

    catalogue = load_all(acme=BRINGS.format(name="acme"), again=twice)

    assert "declares provider 'acme' 2 times; names are unique" in problems(catalogue)["again"]
    assert "declares provider 'acme', which" in problems(catalogue)["again"]


def test_a_plugin_called_provider_would_take_its_settings(load_all: Loader) -> None:
    catalogue = load_all(provider=BRINGS.format(name="acme"))

    assert (
        "settings of Penstock's own start with PENSTOCK_PROVIDER_; choose"
        in problems(catalogue)["provider"]
    )


def test_the_plugin_of_the_page_about_providers_loads(load_all: Loader) -> None:
    source, _ = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)

    catalogue = load_all(acme=source)

    assert problems(catalogue) == {}
    assert catalogue.providers["acme-api"].units == UnitLimit(
        limit=90_000, period=timedelta(minutes=1), burst=15_000
    )
