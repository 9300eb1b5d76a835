"""What runs say of themselves while they run: to the ledger, and to whoever follows their task."""

from __future__ import annotations

from uuid import UUID

import msgspec
from structlog.stdlib import BoundLogger

from penstock.broker.log_writer import LogLimits, LogWriter, log_line
from penstock.broker.progress import ProgressWriter
from penstock.broker.task_logger import task_logger
from penstock.events import EventWriter
from penstock.ledger import Ledger, StartedTask, TaskLog
from penstock.processes.size_limits import SizeLimits
from penstock.secrecy import Mask


class Reports:
    """Progress, log lines and text of the runs of a worker. A run that says nothing costs nothing.

    Args:
        ledger: shows progress.
        task_log: keeps log lines.
        events: writes what is followed live.
        limits: how large what is said may be.
        log_limits: what of the logs is kept.
        mask: hides secrets in them.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        task_log: TaskLog,
        events: EventWriter,
        limits: SizeLimits,
        log_limits: LogLimits,
        mask: Mask | None = None,
    ) -> None:
        self.limits = limits
        self.log_limits = log_limits
        self.mask = mask
        self.events = events
        self.logs = LogWriter(task_log, log_limits)
        self.progress = ProgressWriter(
            ledger, max_message_bytes=limits.progress_message, shown=self._show_progress
        )
        self._runs: dict[tuple[UUID, int], RunReport] = {}

    def of(self, task: StartedTask) -> RunReport:
        """What a run has to say; made when it says something."""
        report = self._runs[task.id, task.run] = RunReport(task, self)
        return report

    def has_said(self, task_id: UUID, run: int) -> bool:
        """Whether a run has said anything that may not be written yet."""
        return (task_id, run) in self._runs

    async def flush(self, task_id: UUID, run: int) -> None:
        """Return once all that a run has said is written; neither server gets long for it."""
        report = self._runs.pop((task_id, run), None)
        if report is not None:
            await report.flush()

    async def close(self) -> None:
        """Write what is left, unless the servers are slow to take it."""
        await self.progress.close()
        await self.logs.close()
        await self.events.close()

    def _show_progress(self, task_id: UUID, run: int, percent: float, message: str) -> None:
        report = self._runs.get((task_id, run))
        if report is not None:
            report.show_progress(percent, message)


class RunReport:
    """What one run says; see :class:`~penstock.declarations.Context`."""

    def __init__(self, task: StartedTask, reports: Reports) -> None:
        self._task = task
        self._reports = reports
        self._events = reports.events.of(task.id, task.queue, task.run)

    def progress(self, percent: float, message: str) -> None:
        """Show how far it is, soon."""
        self._reports.progress.report(self._task.id, self._task.run, percent, message)

    def show_progress(self, percent: float, message: str) -> None:
        """Tell those who follow, as often as the ledger is told."""
        self._events.add(
            "progress", {"progress": percent, "message": message}, size=len(message) + 50
        )

    def delta(self, text: str) -> None:
        """A text goes on."""
        self._events.delta(text)

    def logger(self) -> BoundLogger:
        """Its own logger."""
        task = self._task
        return task_logger(
            self._keep,
            level=self._reports.log_limits.level,
            most=self._reports.limits.log_line,
            mask=self._reports.mask,
            task_id=str(task.id),
            task_type=task.type,
            attempt=task.attempts,
        )

    async def flush(self) -> None:
        """See :meth:`Reports.flush`."""
        await self._reports.logs.flush(self._task.id)
        await self._reports.events.flush(self._events)

    def _keep(self, level: str, message: str, fields: msgspec.Raw) -> None:
        line = log_line(self._task.id, self._task.run, level, message, fields)
        self._reports.logs.add(line)
        said = {"id": line.id, "at": line.at, "level": level, "message": line.message}
        self._events.add("log", {**said, "fields": fields}, size=line.size + 150)
