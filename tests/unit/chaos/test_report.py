"""What a run came to, in figures."""

import io

import msgspec
from rich.console import Console

from tests.chaos.evidence import Effect
from tests.chaos.report import Report, Spread
from tests.unit.chaos.made_up import Story, evidence, fault


def made_up():
    retried = Story(1).posted().started(1).failed(1.1, again=True).started(1.3).succeeded(1.4)
    lost = Story(2).posted().started(1.0).started(3.0, worker=2).succeeded(4.0)
    return Report.of(7, evidence(retried, lost, faults=[fault(Effect.WIPED, 1.5, 1.6)]))


def printed(report):
    text = io.StringIO()
    report.print(Console(file=text, width=120))
    return text.getvalue()


def test_it_counts_outcomes_runs_and_faults():
    report = made_up()
    assert report.tasks == {"chaos.quick": {"success": 2}}
    assert report.posts == {"202 Accepted": 2}
    assert report.faults == {"made up": 1}
    assert report.executions == 4
    assert report.runs == {"first": 2, "failed": 1, "no reason": 1}


def test_violations_are_printed_with_their_proof_and_are_in_the_json():
    report = made_up()
    text = printed(report)
    assert "losses_are_deaths" in text
    assert "running run 1" in text
    document = msgspec.json.decode(report.as_json())
    assert [each["invariant"] for each in document["violations"]] == ["losses_are_deaths"]


def test_a_run_without_violations_says_so():
    fine = Report.of(7, evidence(Story(1).posted().started(1).succeeded(2)))
    assert "invariants hold" in printed(fine)


def test_a_spread_has_its_percentiles():
    spread = Spread.of([float(each) for each in range(101)])
    assert (spread.least, spread.median, spread.p95, spread.greatest) == (0, 50, 95, 100)
