"""Rebuilding the engine's index from the ledger.

Every process may run one: what it does twice changes nothing. Any of them begins a queue's index
where there is none (a fresh start, or Redis was wiped); the audit, which hands over what the engine
should have and has not, is left to one of them at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Sequence
from contextlib import suppress
from datetime import timedelta

from penstock import background
from penstock.declarations import PenstockError
from penstock.dispatch.audit import Audit
from penstock.dispatch.batch_completion import BatchCompletion
from penstock.dispatch.index_builder import IndexBuilder
from penstock.dispatch.policies import Policies
from penstock.dispatch.stops import Stops
from penstock.engine import Engine, ServerWatch
from penstock.ledger import Leadership, Ledger, Ownership

_INTERVAL = 2.0
# Looking for a missing index is cheap; comparing is not, and is done in every third round.
_AUDIT_ROUNDS = 3
# Seconds.
_PATIENCE = 5.0
_TERM = timedelta(seconds=10)
_log = logging.getLogger(__name__)


class Reconciler:
    """Watches over the indexes of some queues, for ever.

    Args:
        policies: read anew from time to time, as the message that they changed may be lost.
        batches: those that are complete are finished, should whoever saw that have died.
        queues: their names.
        lease: how long a worker may be silent.
        ownership: nothing is done before the database is known to be this installation's.
        process: this process, told apart from all others.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        engine: Engine,
        policies: Policies,
        batches: BatchCompletion,
        queues: Sequence[str],
        lease: timedelta,
        ownership: Ownership,
        process: str,
    ) -> None:
        weights = policies.user_weights
        self._engine = engine
        self._policies = policies
        self._batches = batches
        self._ownership = ownership
        self._queues = queues
        self._builder = IndexBuilder(ledger=ledger, engine=engine, weights=weights)
        self._audit = Audit(
            ledger=ledger,
            engine=engine,
            stops=Stops(engine=engine, completion=batches, weights=weights),
            queues=queues,
            weights=weights,
            lease=lease,
        )
        self._leadership = Leadership(
            ledger.database, name="reconciler", holder=process, term=_TERM
        )
        self._watch = ServerWatch(engine.servers)
        self._failing: set[str] = set()
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work in the background."""
        self._task = asyncio.create_task(self._run(), name="reconciler")

    async def stop(self) -> None:
        """Stop after the step under way, and let another process lead."""
        self._stopping.set()
        self._audit.stop()
        await background.end(self._task, patience=_PATIENCE)
        with suppress(PenstockError):
            await self._leadership.release()
        await self._watch.close()

    async def _run(self) -> None:
        rounds = 0
        while not self._stopping.is_set():
            if await self._attempt("all repair", self._ownership.require()):
                await self._round(with_audit=rounds % _AUDIT_ROUNDS == 0)
                rounds += 1
            await background.came(self._stopping, within=_INTERVAL)

    async def _round(self, *, with_audit: bool) -> None:
        if with_audit or not self._policies.is_known:
            await self._attempt("reading the policies of queues", self._policies.refresh())
        await self._attempt("rebuilding", self.rebuild())
        if with_audit:
            await self._attempt("the audit", self.audit())

    async def rebuild(self) -> None:
        """Build the index of each queue that has none."""
        for queue in await self._engine.without_index(self._queues):
            await self._attempt(f"rebuilding queue {queue!r}", self._builder.build(queue))

    async def audit(self) -> None:
        """One bounded step of the audit, if no other process does it.

        All of a queue if its server may have forgotten recent writes: it was restarted, or another
        one took over.
        """
        self._audit.suspect(await self._watch.changed(self._queues))
        if not await self._leadership.acquire():
            return
        await self._audit.accepted()
        await self._attempt("ending overdue tasks", self._audit.overdue())
        await self._attempt("finishing batches", self._batches.audit())
        # A walk behind a large backlog takes a good part of the term.
        if not await self._leadership.acquire():
            return
        await self._audit.recent()
        if not await self._leadership.acquire():
            return
        for queue in self._queues:
            await self._attempt(f"the audit of queue {queue!r}", self._audit.look(queue))

    async def _attempt(self, what: str, step: Awaitable[object]) -> bool:
        """Do a step; whatever is wrong is logged, once until it works again, and stops no other.

        Returns:
            Whether nothing was wrong.
        """
        try:
            await step
        except PenstockError as error:
            level = logging.DEBUG if what in self._failing else logging.WARNING
            _log.log(level, "%s waits: %s", what, error)
            self._failing.add(what)
        # A repairer that died of a surprise would be missed only when it is needed.
        except Exception:  # noqa: BLE001
            _log.exception("%s", what)
            self._failing.add(what)
        else:
            self._failing.discard(what)
            return True
        return False
