"""What can be asked for on the command line."""

import msgspec
import pytest

from benchmarks.options import Options, parse


def test_nothing_asked_for_is_the_default():
    assert parse([]) == Options()


def test_every_parameter_is_read():
    numbers = ["--tasks=5", "--rounds=1", "--concurrency=7", "--callers=3", "--pickups=2"]
    lists = ["--peers", "saq", "celery", "--workers", "1", "2", "--backlogs", "10", "20"]
    lists += ["--backlogs-of", "saq"]
    files = ["--json=figures.json", "--profile=folder"]

    asked = parse([*numbers, *lists, *files, "--log-level=warning", "--publish"])

    assert asked == Options(
        peers=("saq", "celery"),
        tasks=5,
        rounds=1,
        concurrency=7,
        callers=3,
        workers=(1, 2),
        backlogs=(10, 20),
        backlogs_of=("saq",),
        pickups=2,
        log_level="warning",
        json="figures.json",
        publish=True,
        profile="folder",
    )


@pytest.mark.parametrize("arguments", [["--tasks", "0"], ["--workers", "1", "none"]])
def test_what_cannot_be_measured_is_refused(arguments, capsys):
    with pytest.raises(SystemExit):
        parse(arguments)

    assert arguments[0] in capsys.readouterr().err


@pytest.mark.parametrize(("tasks", "expected"), [(10_000, 1_000), (5, 1)])
def test_a_tenth_more_tasks_warm_up_and_at_least_one(tasks, expected):
    assert Options(tasks=tasks).warm_up == expected


def test_more_workers_and_backlogs_are_for_all_or_for_some():
    asked = Options(tasks=5, workers=(1, 2), backlogs=(10,))
    more = [(1, 5), (1, 10), (2, 5), (2, 10)]
    assert asked.drains("penstock") == asked.drains("saq") == more

    some = msgspec.structs.replace(asked, backlogs_of=("penstock",))
    assert some.drains("penstock") == more
    assert some.drains("saq") == [(1, 5)]


def test_more_backlogs_are_for_peers_that_are_measured():
    asked = Options(backlogs_of=("saq",))
    asked.require_measured({"penstock", "saq"})
    with pytest.raises(ValueError, match=r"--backlogs-of.*bullmq, penstock.*got 'saq'"):
        asked.require_measured({"penstock", "bullmq"})
