"""Progress reports: the latest of each run, written together a few times a second."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from uuid import UUID

from penstock import background
from penstock.clipping import clipped
from penstock.ledger import Ledger, LedgerUnavailableError

_INTERVAL = 0.25
_PATIENCE = 2.0
_log = logging.getLogger(__name__)


class ProgressWriter:
    """Coalesces reports: a handler that reports every frame costs a few writes a second.

    Args:
        ledger: shows them.
        max_message_bytes: longer messages are clipped.
        shown: called with each report that is written: task, run, percent, message.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        max_message_bytes: int,
        shown: Callable[[UUID, int, float, str], object],
    ) -> None:
        self._ledger = ledger
        self._shown = shown
        self._max_message_bytes = max_message_bytes
        self._latest: dict[tuple[UUID, int], tuple[float, str]] = {}
        self._writer: asyncio.Task[None] | None = None

    def report(self, task_id: UUID, run: int, percent: float, message: str) -> None:
        """Show ``percent`` and ``message`` soon."""
        text = clipped(message, self._max_message_bytes)
        text = text.encode("utf-8", "replace").decode().replace("\0", "")
        self._latest[task_id, run] = (min(max(float(percent), 0.0), 100.0), text)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="progress")

    async def close(self) -> None:
        """Write what is left, unless the database is slow to take it."""
        await background.end(self._writer, patience=_PATIENCE)

    async def _write(self) -> None:
        while self._latest:
            latest, self._latest = self._latest, {}
            reports = [(*key, *value) for key, value in latest.items()]
            for report in reports:
                self._shown(*report)
            try:
                await self._ledger.report_progress(reports)
            except LedgerUnavailableError as error:
                # The next report brings newer news; progress is not worth keeping.
                _log.debug("progress is not shown: %s", error)
            await asyncio.sleep(_INTERVAL)
