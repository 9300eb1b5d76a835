"""Each way in which a plugin can be broken: what is said of it, and that nobody else is harmed."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.plugins import Catalogue, load
from penstock.plugins.discovery import discover, in_order
from penstock.selected_plugins import loaded
from tests.unit.plugins.broken_plugins import BROKEN, Broken
from tests.unit.plugins.installing import GOOD, Package, entry_points, install

# Not with the module of the real one, which other tests may have imported.
GOOD_ONES = [
    Package(name=each, source=GOOD.format(name=each), module=f"good_{each}")
    for each in ("acme", "ai")
]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages: two good plugins, one of which is built in."""
    monkeypatch.syspath_prepend(tmp_path)
    # Whatever has imported the real ones, or others of these names.
    for name in [each for each in sys.modules if each.startswith("penstock_")]:
        monkeypatch.delitem(sys.modules, name)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def load_with(broken: Broken, site: Path) -> Catalogue:
    install(broken.package(), site)
    for each in GOOD_ONES:
        install(each, site)
    # As they are found on a real machine, but without what is installed on this one.
    return loaded([each for each in discover() if each.dist and str(site) in str(each.dist._path)])  # type: ignore[attr-defined]


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
async def test_a_broken_plugin_is_told_who_what_value_and_remedy_and_the_others_work(
    broken: Broken, site: Path
) -> None:
    catalogue = load_with(broken, site)

    (refused,) = catalogue.quarantined
    assert refused.distribution == f"penstock-{broken.name.replace('_', '-')}"
    assert refused.version == "1.2"
    (problem,) = refused.problems
    assert broken.what in problem
    assert broken.value in problem
    assert broken.remedy in problem
    assert refused.title in refused.absence
    for name in ("acme", "ai"):
        task_type = catalogue.task_types[f"{name}.run"]
        assert (await task_type(task_type.input_type(21))).size == 42  # type: ignore[operator]


def test_all_that_is_wrong_is_found_at_once(site: Path) -> None:
    everything = Broken(name="everything", what="", value="", remedy="")
    (refused,) = load_with(everything, site).quarantined

    said = " / ".join(refused.problems)
    assert "'penstock_taks'; did you mean 'penstock_tasks'?" in said
    assert "hook 'penstock_providers' to return a list, got None" in said
    assert "settings Settings to have a default, got none for 'key'" in said
    assert "user_max_waiting of queue 'everything' to be at most its max_waiting, 4, got 8" in said
    assert len(refused.problems) == 4


def test_code_of_a_plugin_that_failed_is_shown_with_its_place(site: Path) -> None:
    (refused,) = load_with(BROKEN["raises"], site).quarantined

    assert refused.traceback is not None
    assert "penstock_raises.py" in refused.traceback
    assert "SHARE = 1 / 0" in refused.traceback


def test_passwords_are_in_neither_problem_nor_traceback(site: Path) -> None:
    source = "address = 'postgresql://app:hunter2@db'\nraise OSError('cannot reach ' + address)"
    leaky = install(Package(name="leaky", source=source), site)
    (refused,) = load(entry_points(leaky)).quarantined

    assert "OSError: cannot reach postgresql://app:***@db" in refused.absence
    assert refused.traceback is not None
    assert "cannot reach" in refused.traceback
    assert "hunter2" not in refused.absence + refused.traceback


def test_ctrl_c_is_not_a_fault_of_the_plugin_that_is_imported(site: Path) -> None:
    patient = install(Package(name="patient", source="raise KeyboardInterrupt"), site)

    with pytest.raises(KeyboardInterrupt):
        load(entry_points(patient))


def test_a_built_in_plugin_keeps_its_names_while_it_is_broken(site: Path) -> None:
    broken = GOOD.format(name="ai").replace(
        'Queue("ai")', 'Queue("ai", user_max_waiting=2, max_waiting=1)'
    )
    thief = GOOD.format(name="aaa").replace('Queue("aaa")', 'Queue("ai")')
    packages = [
        Package(name="ai", source=broken, module="broken_ai"),
        Package(name="aaa", source=thief),
    ]
    points = [point for each in packages for point in entry_points(install(each, site))]

    refused = {each.name: each.problems for each in load(in_order(points)).quarantined}

    assert "user_max_waiting of queue 'ai'" in refused["ai"][0]
    assert "declares queue 'ai', which penstock-ai 1.2 has already" in refused["aaa"][0]


def with_setting(name: str, field: str) -> Package:
    """A good plugin with one setting."""
    source = GOOD.format(name=name.replace("-", "_")) + (
        f"""
class Settings(Struct):
    {field}: str = ""


@hookimpl
def penstock_settings():
    return [Settings]
"""
    )
    return Package(name=name, source=source)


@pytest.mark.parametrize(
    ("name", "field", "variable"),
    [
        ("api", "key", "PENSTOCK_API_KEY"),
        ("api", "key_file", "PENSTOCK_API_KEY_FILE"),
        ("log", "level", "PENSTOCK_LOG_LEVEL"),
        ("keep", "failed", "PENSTOCK_KEEP_FAILED"),
    ],
)
def test_no_plugin_is_given_what_is_said_of_penstock_itself(
    site: Path, name: str, field: str, variable: str
) -> None:
    catalogue = loaded(entry_points(install(with_setting(name, field), site)))

    (refused,) = catalogue.quarantined
    (problem,) = refused.problems
    assert f"setting {field!r} would be read from {variable}" in problem


def test_of_two_plugins_with_the_same_variable_the_one_it_begins_with_has_it(site: Path) -> None:
    pair = [with_setting("two", "acme_key"), with_setting("two-acme", "key")]
    catalogue = loaded([point for each in pair for point in entry_points(install(each, site))])

    (refused,) = catalogue.quarantined
    assert refused.name == "two"
    (problem,) = refused.problems
    assert "would read PENSTOCK_TWO_ACME_KEY, which penstock-two-acme 1.2 reads" in problem


@pytest.mark.parametrize("name", ["acme", "video"])
def test_who_takes_the_name_of_another_plugin_is_not_imported(site: Path, name: str) -> None:
    """Though its distribution comes first by name."""
    bomb = Package(name="aaa", source="raise AssertionError", point=f"{name} = {{module}}")
    owner = Package(name=name, source=GOOD.format(name=name))
    points = [point for each in (bomb, owner) for point in entry_points(install(each, site))]

    catalogue = load(in_order(points))

    assert [each.distribution for each in catalogue.plugins] == [f"penstock-{name}"]
    (refused,) = catalogue.quarantined
    assert refused.distribution == "penstock-aaa"
    assert f"the entry point is called '{name}'" in refused.problems[0]
    assert "penstock_aaa" not in sys.modules


def test_a_name_that_begins_with_a_plugins_own_is_that_plugins(site: Path) -> None:
    """Whoever was asked first."""
    thief = GOOD.format(name="aaa").replace('Queue("aaa")', 'Queue("acme")')
    packages = [
        Package(name="aaa", source=thief.replace("aaa-maps", "acme-maps")),
        Package(name="acme", source=GOOD.format(name="acme")),
    ]
    points = [point for each in packages for point in entry_points(install(each, site))]

    catalogue = load(in_order(points))

    assert [each.name for each in catalogue.plugins] == ["acme"]
    (refused,) = catalogue.quarantined
    assert [each.split(", which")[0] for each in refused.problems] == [
        "declares queue 'acme'",
        "declares provider 'acme-maps'",
    ]


def test_a_hook_of_a_newer_penstock_may_be_optional(site: Path) -> None:
    newer = GOOD.format(name="newer") + (
        "\n@hookimpl(optionalhook=True)\ndef penstock_dashboards():\n    return 1 / 0\n"
    )
    catalogue = load(entry_points(install(Package(name="newer", source=newer), site)))

    assert catalogue.quarantined == ()
    assert "newer.run" in catalogue.task_types


def test_two_plugins_of_one_package_may_share_its_modules(site: Path) -> None:
    both = GOOD.format(name="one") + (
        """
class Two:
    queue = Queue("two")

    @hookimpl
    def penstock_queues(self):
        return [self.queue]

    @hookimpl
    def penstock_tasks(self):
        return [other]


@task("two.run", queue=Two.queue)
async def other(job: Job) -> Job:
    return job


two = Two()
"""
    )
    points = "one = {module}\ntwo = {module}:two"
    catalogue = load(entry_points(install(Package(name="one", source=both, point=points), site)))

    assert [each.problems for each in catalogue.quarantined] == []
    assert sorted(catalogue.task_types) == ["one.run", "two.run"]
