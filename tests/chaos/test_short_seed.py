"""Everything is broken once while tasks run, and every promise is kept."""

from tests.chaos.options import Options
from tests.chaos.report import Report
from tests.chaos.run import run


def test_every_invariant_holds_while_everything_is_broken(tmp_path):
    options = Options(keep=tmp_path / "run")

    plan, evidence = run(options, print)

    report = Report.of(plan.seed, evidence)
    assert not report.violations, report.as_json().decode()
