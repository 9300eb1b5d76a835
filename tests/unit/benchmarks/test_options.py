"""What can be asked for on the command line."""

import pytest

from benchmarks.options import Options, parse


def test_nothing_asked_for_is_the_default():
    assert parse([]) == Options()


def test_every_parameter_is_read():
    numbers = ["--tasks=5", "--rounds=1", "--concurrency=7", "--callers=3", "--pickups=2"]

    asked = parse([*numbers, "--database=sqlite", "--log-level=warning", "--json"])

    assert asked == Options(
        tasks=5,
        rounds=1,
        concurrency=7,
        callers=3,
        database="sqlite",
        pickups=2,
        log_level="warning",
        json=True,
    )


@pytest.mark.parametrize("arguments", [["--tasks", "0"], ["--database", "oracle"]])
def test_what_cannot_be_measured_is_refused(arguments, capsys):
    with pytest.raises(SystemExit):
        parse(arguments)

    assert arguments[0] in capsys.readouterr().err
