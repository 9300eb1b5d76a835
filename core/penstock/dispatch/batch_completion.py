"""Finishing batches whose tasks have all ended, and handing their callbacks over.

Why this finds every one of them is told in :mod:`penstock.ledger.batch_table`.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from penstock import background
from penstock.dispatch.derived_id import derived_id
from penstock.ledger import Ledger, LedgerUnavailableError, NewTask

# A process that ends shall not leave the last batch to the reconciler.
_PATIENCE = 1.0
_PAGE = 1000
_FIRST_ID = UUID(int=0)
_log = logging.getLogger(__name__)


class BatchCompletion:
    """Looks whether batches are complete. Any process may, at any time, and several at once.

    Args:
        ledger: knows.
        hand_over: lets the engine have a task that is committed.
    """

    def __init__(self, ledger: Ledger, *, hand_over: Callable[[NewTask], None]) -> None:
        self._batches = ledger.batches
        self._hand_over = hand_over
        self._pending: set[UUID] = set()
        self._looking: asyncio.Task[None] | None = None
        self._audited = _FIRST_ID

    def look(self, ids: Iterable[UUID]) -> None:
        """Tasks of these batches have ended, and that is committed; returns at once.

        While one look is under way the next one gathers, so there are few however fast tasks end.
        """
        self._pending.update(ids)
        if self._pending and (self._looking is None or self._looking.done()):
            # Not in the caller's context: its log lines are about everybody's batches.
            self._looking = asyncio.create_task(
                self._look(), name="batch-completion", context=contextvars.Context()
            )

    async def close(self) -> None:
        """Look at what is left, unless the database is slow: then the reconciler will."""
        await background.end(self._looking, patience=_PATIENCE)

    async def finish(self, ids: Sequence[UUID]) -> None:
        """Finish those of ``ids`` that are complete.

        Raises:
            LedgerUnavailableError: the database is away.
        """
        for batch_id in await self._batches.complete_ones(ids):
            callback_id = derived_id(batch_id, "callback")
            callback = await self._batches.finish(batch_id, callback_id=callback_id)
            if callback is not None:
                self._hand_over(callback)

    async def audit(self) -> None:
        """Look at the next page of unfinished batches, for what a process that died has left.

        Raises:
            LedgerUnavailableError: the database is away.
        """
        page = await self._batches.unfinished(after=self._audited, limit=_PAGE)
        self._audited = page[-1] if len(page) == _PAGE else _FIRST_ID
        if page:
            await self.finish(page)

    async def _look(self) -> None:
        while self._pending:
            ids, self._pending = list(self._pending), set()
            try:
                await self.finish(ids)
            except LedgerUnavailableError as error:
                _log.warning("whether %d batches are complete is seen later: %s", len(ids), error)
