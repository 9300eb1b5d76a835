"""Plugins that lie are caught by the test that says so; their honest twins pass all of them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest

LIARS = Path(__file__).parent / "liars"
# Who is caught by which test, and in which words.
LIES = {
    ("Counter", "runs_at_once_do_not_disturb_each_other"): (
        "task type 'counter.count' of plugin 'counter' (lying 1.0) gave",
        "wrong outputs with 2 runs at once (queue 'counter' declares concurrency 2)",
        "expected {'a': 5, 'b': 2, 'r': 2, 'c': 1, 'd': 1} as when it runs alone",
        "keep what belongs to one run in local variables",
    ),
    ("Deaf", "it_ends_when_it_is_cancelled"): (
        "task type 'deaf.wait' of plugin 'deaf' (lying 1.0) ignores being cancelled",
        "1 s after it was told to stop, at ",
        "lying_deaf.py:",
        "let asyncio.CancelledError pass",
    ),
    ("Quitter", "it_ends_when_it_is_cancelled"): (
        "it went on and returned 'patience'",
        "let asyncio.CancelledError pass",
    ),
    ("Payer", "it_resumes_from_its_checkpoints"): (
        "task type 'payer.buy' of plugin 'payer' (lying 1.0) pays twice, killed right after",
        "it had saved checkpoint 'job' (1 of 1)",
        "POST https://api.example/jobs was sent 2 times instead of 1",
        'operation = await ctx.load("operation", Operation)',
    ),
    ("Meter", "it_resumes_from_its_checkpoints"): (
        "checkpoint 'first' (1 of 2)",
        "30 units were charged instead of 20",
    ),
    ("Cashier", "it_resumes_from_its_checkpoints"): ("paid_calls() counted 2 instead of 1",),
    ("Forgetful", "it_resumes_from_its_checkpoints"): (
        "gives another output, killed right after it had saved checkpoint 'words'",
        "[], expected ['a', 'A']",
        "save all that the output depends on",
    ),
    ("Forgetful", "a_second_delivery_changes_nothing"): ("gives another output when it is",),
    ("Parent", "a_second_delivery_changes_nothing"): (
        "enqueued 1 children more when it was delivered again",
        "give each child the same name in every run",
    ),
    ("Changed", "its_schemas_are_stable"): (
        "the input of task type 'changed.area' of plugin 'changed' (lying 1.0) has changed",
        "$.height",
        "pytest --penstock-snapshot",
    ),
    ("Gossip", "its_secrets_stay_secret"): (
        "setting Settings.other_password of plugin 'gossip' (lying 1.0) sounds like a secret",
        "the repr of settings Settings of plugin 'gossip' (lying 1.0) shows its secrets (key)",
    ),
    ("Heavy", "its_import_is_light"): (
        "importing 'lying_heavy' of plugin 'heavy' (lying 1.0) imports PIL",
        "import it inside of the handler",
    ),
    ("Neighbour", "its_names_are_prefixed"): (
        "declares task type 'images.resize', which another plugin could want as well",
        "call it neighbour.resize",
        "declares queue 'images'",
    ),
    ("Neighbour", "it_is_described"): ("'images.resize'", "write one"),
    ("Blocker", "it_does_not_block_the_event_loop"): (
        "blocks the event loop for 0.3",
        "expected at most 0.25 s",
        "use asyncio.to_thread",
    ),
    ("Blocker", "it_works_on_real_services"): (
        "4 tasks of queue 'blocker' of plugin 'blocker' (lying 1.0) took 1.",
        "its handlers hold up the worker",
    ),
    ("Queuer", "runs_at_once_do_not_disturb_each_other"): (
        "runs one at a time with 3 runs at once",
        "each waits 2.0 s, and all together waited 6.0 s",
    ),
    ("Stubborn", "its_delays_follow_the_policy"): (
        "waited 0:07:2",
        "within its runs while it failed",
        "raise TransientError",
    ),
    ("Moody", "its_hooks_answer_the_same_twice"): ("gave another answer when they were asked",),
}


class Results(NamedTuple):
    passed: set[tuple[str, str]]
    failed: dict[tuple[str, str], str]


def results(folder: Path, kind: str) -> Results:
    """What the contracts find of the plugins of one kind, in a process that has those installed."""
    report = folder / f"{kind}.xml"
    for each in (LIARS / "contracts.py", LIARS / kind / "released.json"):
        shutil.copy(each, folder)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "contracts.py", "-q", "-p", "no:cacheprovider"),
            *("-p", "no:valkey", f"--junitxml={report}"),
            # These take long: of each one that is caught, and its twin, will do.
            *("-k", "(Heavy or not import_is_light) and (Blocker or not real_services)"),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(LIARS / kind), "CI": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.exists(), done.stdout + done.stderr
    found = Results(set(), {})
    for case in ET.parse(report).iter("testcase"):
        plugin = case.attrib["classname"].rpartition(".Test")[2]
        name = plugin, case.attrib["name"].removeprefix("test_")
        if (failure := case.find("failure")) is None:
            assert case.find("error") is None, done.stdout
            assert case.find("skipped") is None, done.stdout
            found.passed.add(name)
        else:
            found.failed[name] = failure.text or ""
    return found


@pytest.fixture(scope="module")
def lying(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return results(tmp_path_factory.mktemp("lying"), "lying")


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return results(tmp_path_factory.mktemp("honest"), "honest")


@pytest.mark.parametrize("lie", LIES, ids=" ".join)
def test_a_lie_is_caught_by_its_test_in_words_that_help(
    lying: Results, lie: tuple[str, str]
) -> None:
    message = lying.failed[lie]

    assert [each for each in LIES[lie] if each not in message] == [], message


def test_nothing_else_is_found_wrong_with_liars(lying: Results) -> None:
    assert {name: text for name, text in lying.failed.items() if name not in LIES} == {}
    assert len(lying.passed) > 100


def test_honest_plugins_pass(honest: Results) -> None:
    assert honest.failed == {}
    assert honest.passed.issuperset(LIES)
