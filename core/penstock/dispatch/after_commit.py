"""Handing over what is written within an application's own transaction, once that is committed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, event

from penstock import background
from penstock.ledger import Ledger, LedgerUnavailableError, OpenTask

# Seconds between looks for rows whose commit has begun. It takes milliseconds, as a rule. What
# takes longer than all of this is left to the audit, and so is what a process that dies leaves.
_PAUSES = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
_PATIENCE = 1.0
_log = logging.getLogger(__name__)


class AfterCommit:
    """Watches transactions of others.

    SQLAlchemy tells of a commit just before it is done, and not of one that failed. So the ledger
    is asked: what it shows is committed. A row that was rolled back is never shown.

    Args:
        ledger: asked for the rows.
        hand_over: called with each committed task, in the loop that :meth:`watch` is given.
    """

    def __init__(self, ledger: Ledger, hand_over: Callable[[OpenTask], None]) -> None:
        self._ledger = ledger
        self._hand_over = hand_over
        self._written: WeakKeyDictionary[Connection, list[UUID]] = WeakKeyDictionary()
        self._looks: set[asyncio.Task[None]] = set()
        self._closed = False

    def watch(
        self, connection: Connection, task_id: UUID, *, loop: asyncio.AbstractEventLoop
    ) -> None:
        """Hand a task over when the transaction that it was written in is committed.

        Call it in the thread of the connection, which need not be that of ``loop``.
        """
        if connection not in self._written:
            self._written[connection] = []
            committing = partial(self._committing, loop)
            event.listen(connection, "commit", committing)
            event.listen(connection, "commit_twophase", committing)
            event.listen(connection, "rollback", self._rolled_back)
            event.listen(connection, "rollback_twophase", self._rolled_back)
        self._written[connection].append(task_id)

    async def close(self) -> None:
        """Look no more."""
        self._closed = True
        await background.end(*self._looks, patience=_PATIENCE)

    def _committing(self, loop: asyncio.AbstractEventLoop, connection: Connection, *_: Any) -> None:
        ids = self._written.get(connection)
        if ids:
            self._written[connection] = []
            # A loop that is closed has left it to the audit; the commit is not to fail of it.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._begin, ids)

    def _rolled_back(self, connection: Connection, *_: Any) -> None:
        if connection in self._written:
            self._written[connection] = []

    def _begin(self, ids: list[UUID]) -> None:
        if self._closed:
            return
        look = asyncio.get_running_loop().create_task(self._look(ids), name="after-commit")
        self._looks.add(look)
        look.add_done_callback(self._looks.discard)

    async def _look(self, ids: list[UUID]) -> None:
        missing = set(ids)
        for pause in _PAUSES:
            await asyncio.sleep(pause)
            try:
                found = await self._ledger.still_open(list(missing))
            except LedgerUnavailableError as error:
                _log.debug("committed tasks are looked for again: %s", error)
                continue
            for each in found:
                self._hand_over(each)
            missing -= {each.id for each in found}
            if not missing:
                return
