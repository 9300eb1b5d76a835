"""Log lines of tasks on their way to the ledger: written together, within what a task may have."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from penstock import background
from penstock.ledger import LedgerUnavailableError, LogLine, LogSize, TaskLog

_INTERVAL = 0.5
_LONGEST_PAUSE = 5.0
_PATIENCE = 2.0
# Lines that wait for the database: beyond this, new ones are dropped.
_MOST_WAITING = 50_000
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LogLimits:
    """What of ``ctx.log`` is kept.

    Attributes:
        level: the least important lines, as a number of ``logging``.
        lines: how many of a task, over all its runs.
        bytes: how long they may be in all.
    """

    level: int
    lines: int
    bytes: int


class LogWriter:
    """Writes lines a few times a second; a task that logs nothing costs nothing.

    Args:
        task_log: where to.
        limits: what is kept.
    """

    def __init__(self, task_log: TaskLog, limits: LogLimits) -> None:
        self._task_log = task_log
        self._limits = limits
        self._waiting: dict[UUID, list[LogLine]] = defaultdict(list)
        self._count = 0
        self._under_way: frozenset[UUID] = frozenset()
        # How much of each task's log is kept; what its earlier runs logged is looked up.
        self._sizes: dict[UUID, LogSize] = {}
        # Whose lines are written later, though nobody waits for them any more.
        self._left: set[UUID] = set()
        self._urgent = asyncio.Event()
        self._written = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    def add(self, line: LogLine) -> None:
        """Keep ``line`` soon."""
        waiting = self._waiting[line.task_id]
        # One more than may be kept says that there were more.
        if self._count >= _MOST_WAITING or len(waiting) > self._limits.lines:
            return
        if line.run == 1:
            self._sizes.setdefault(line.task_id, LogSize())
        waiting.append(line)
        self._count += 1
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all(), name="task-log")

    async def flush(self, task_id: UUID) -> None:
        """Return once the lines of a task are written; the database gets two seconds."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while task_id in self._waiting or task_id in self._under_way:
                    self._urgent.set()
                    await self._written.wait()
        except TimeoutError:
            _log.debug("task %s: its outcome does not wait for its log", task_id)
            if task_id in self._waiting or task_id in self._under_way:
                self._left.add(task_id)
        self._sizes.pop(task_id, None)

    async def close(self) -> None:
        """Write what is left, unless the database is slow to take it."""
        self._urgent.set()
        await background.end(self._writer, patience=_PATIENCE)

    async def _write_all(self) -> None:
        pause = _INTERVAL
        await self._sleep(_INTERVAL)
        while self._waiting:
            waiting = dict(self._waiting)
            self._waiting.clear()
            self._count = 0
            self._under_way = frozenset(waiting)
            try:
                await self._write(waiting)
            except LedgerUnavailableError as error:
                _log.warning("log lines of %d tasks wait: %s", len(waiting), error)
                self._put_back(waiting)
                pause = min(pause * 2, _LONGEST_PAUSE)
            # A writer that ended would lose everybody's lines.
            except Exception:  # noqa: BLE001
                _log.exception("log lines of %d tasks are lost", len(waiting))
                self._left -= waiting.keys()
            else:
                pause = _INTERVAL
            self._under_way = frozenset()
            self._written.set()
            self._written.clear()
            await self._sleep(pause)

    async def _sleep(self, seconds: float) -> None:
        """Wait, unless somebody waits for what is to be written."""
        await background.came(self._urgent, within=seconds)
        self._urgent.clear()

    def _put_back(self, waiting: dict[UUID, list[LogLine]]) -> None:
        later = dict(self._waiting)
        self._waiting.clear()
        for task_id, lines in waiting.items():
            self._waiting[task_id] = lines
        for task_id, lines in later.items():
            self._waiting[task_id] += lines
        self._count = sum(map(len, self._waiting.values()))

    async def _write(self, waiting: dict[UUID, list[LogLine]]) -> None:
        # Copied, as tasks are forgotten while the database is asked.
        sizes = {each: self._sizes[each] for each in waiting if each in self._sizes}
        if unknown := [each for each in waiting if each not in sizes]:
            found = await self._task_log.sizes(unknown)
            sizes |= {each: found.get(each, LogSize()) for each in unknown}
        kept = [line for task_id in waiting for line in self._fitting(waiting[task_id], sizes)]
        if kept:
            await self._add(kept)
        self._sizes |= {each: size for each, size in sizes.items() if each not in self._left}
        self._left -= sizes.keys()

    async def _add(self, lines: Sequence[LogLine]) -> None:
        try:
            await self._task_log.add(lines)
        except DBAPIError:
            # One of them is refused: the others are worth keeping.
            for line in lines:
                await self._add_alone(line)

    async def _add_alone(self, line: LogLine) -> None:
        try:
            await self._task_log.add([line])
        except DBAPIError as error:
            _log.warning("task %s: a log line is refused: %s", line.task_id, error.orig)

    def _fitting(self, lines: Sequence[LogLine], sizes: dict[UUID, LogSize]) -> list[LogLine]:
        """Those of a task's ``lines`` that may be kept, and behind the last one that it was."""
        kept = []
        for line in lines:
            size = sizes[line.task_id]
            # The line that says so counts as well, so it is written once.
            if size.lines > self._limits.lines or size.bytes > self._limits.bytes:
                break
            larger = LogSize(size.lines + 1, size.bytes + line.size)
            if larger.lines > self._limits.lines or larger.bytes > self._limits.bytes:
                kept.append(self._last(line))
                sizes[line.task_id] = LogSize(self._limits.lines + 1, self._limits.bytes + 1)
                break
            kept.append(line)
            sizes[line.task_id] = larger
        return kept

    def _last(self, line: LogLine) -> LogLine:
        limits = self._limits
        message = (
            f"the log is cut here: of a task {limits.lines:,} lines and {limits.bytes:,} bytes "
            "are kept"
        )
        fields = msgspec.Raw(b"{}")
        # So large that whoever adds the sizes up knows.
        return msgspec.structs.replace(
            line, level="warning", message=message, fields=fields, size=limits.bytes + 1
        )


def log_line(task_id: UUID, run: int, level: str, message: str, fields: msgspec.Raw) -> LogLine:
    """A line that is logged now, as a database takes it."""
    text = message.encode("utf-8", "replace").decode().replace("\0", "\\0")
    return LogLine(
        task_id=task_id,
        id=uuid7(),
        run=run,
        at=datetime.now(UTC),
        level=level,
        message=text,
        fields=fields,
        size=len(text.encode()) + len(fields),
    )
