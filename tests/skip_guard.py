"""A skip is loud, and never happens in CI."""

import os

import pytest


class SkipGuard:
    """Fails the run if anything was skipped while `CI` is set."""

    def __init__(self) -> None:
        self._skipped: list[str] = []

    @property
    def active(self) -> bool:
        return os.environ.get("CI", "").lower() not in {"", "0", "false"}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self._skipped.append(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._skipped.append(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.active and self._skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.active and self._skipped:
            terminalreporter.section("skipped in CI: the run fails", red=True)
            for nodeid in self._skipped:
                terminalreporter.line(nodeid)
