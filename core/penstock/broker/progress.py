"""Progress reports: the latest of each run, written together a few times a second."""

from __future__ import annotations

import asyncio
import logging
from uuid import UUID

from penstock import background
from penstock.ledger import Ledger, LedgerUnavailableError

_INTERVAL = 0.25
_PATIENCE = 2.0
_MESSAGE_LENGTH = 500
_log = logging.getLogger(__name__)


class ProgressWriter:
    """Coalesces reports: a handler that reports every frame costs a few writes a second."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._latest: dict[tuple[UUID, int], tuple[float, str]] = {}
        self._writer: asyncio.Task[None] | None = None

    def report(self, task_id: UUID, run: int, percent: float, message: str) -> None:
        """Show ``percent`` and ``message`` soon."""
        text = message.encode("utf-8", "replace").decode().replace("\0", "")[:_MESSAGE_LENGTH]
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
            try:
                await self._ledger.report_progress(reports)
            except LedgerUnavailableError as error:
                # The next report brings newer news; progress is not worth keeping.
                _log.debug("progress is not shown: %s", error)
            await asyncio.sleep(_INTERVAL)
