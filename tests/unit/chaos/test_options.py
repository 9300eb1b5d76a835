"""What can be asked for on the command line."""

from pathlib import Path

import pytest

from tests.chaos.faults import AT_LEAST, CLUSTER_FAULTS, FAULTS, SENTINEL_FAULTS
from tests.chaos.options import Options, parse


def test_nothing_asked_for_is_the_short_seed():
    assert parse([]) == Options()
    assert Options().faults == AT_LEAST


def test_every_parameter_is_read():
    numbers = ["--seed=3", "--tasks=20", "--faults=2", "--workers=4", "--apis=1"]
    asked = parse([*numbers, "--lease=2.5", "--patience=9", "--report=a.json", "--keep=b"])
    assert asked == Options(
        seed=3,
        tasks=20,
        faults=2,
        workers=4,
        apis=1,
        lease=2.5,
        patience=9.0,
        report=Path("a.json"),
        keep=Path("b"),
    )


def test_an_installation_over_several_servers_has_faults_of_its_own():
    assert parse([]).kinds == FAULTS
    assert parse(["--sentinel"]).kinds == SENTINEL_FAULTS
    assert parse(["--cluster"]).kinds == CLUSTER_FAULTS


def test_sentinels_do_not_watch_over_a_cluster(capsys):
    with pytest.raises(SystemExit):
        parse(["--sentinel", "--cluster"])
    assert "not allowed with" in capsys.readouterr().err


def test_what_is_no_number_is_refused(capsys):
    with pytest.raises(SystemExit):
        parse(["--tasks", "many"])
    assert "--tasks" in capsys.readouterr().err
