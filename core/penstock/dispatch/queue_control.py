"""What an operator does to a queue while everything runs."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from penstock.dispatch.policies import DRAINING, PAUSED, Policies
from penstock.dispatch.policy_control import announce
from penstock.dispatch.policy_knobs import QUEUE
from penstock.dispatch.status import Purge, QueuePolicy
from penstock.dispatch.stops import Stop, Stops
from penstock.engine import Engine
from penstock.ledger import Ledger, first_id_of

_PURGE_BATCH = 500
# An answer comes before a caller or a proxy loses patience.
_PURGE_SECONDS = 3.0
_log = logging.getLogger(__name__)


class QueueControl:
    """Shows and changes the policies of queues, and empties queues.

    Every method that names a queue raises :class:`~penstock.plugins.UnknownQueueError` for one that
    nobody declares, and :class:`~penstock.ledger.LedgerUnavailableError` if the database is away.
    A change is committed on return; workers hear of it at once, or within seconds if Redis is away.

    The queue of a plugin that is absent can be shown, paused, resumed, drained and purged as long
    as it has open tasks, or is paused or draining.
    """

    def __init__(self, *, policies: Policies, ledger: Ledger, engine: Engine, stops: Stops) -> None:
        self._policies = policies
        self._ledger = ledger
        self._engine = engine
        self._stops = stops

    async def list(self) -> list[QueuePolicy]:
        """All queues, by name."""
        catalogue = await self._policies.present()
        return [self._policies.describe_queue(queue) for queue in sorted(catalogue.queues)]

    async def show(self, queue: str) -> QueuePolicy:
        """One queue."""
        await self._require(queue)
        return self._policies.describe_queue(queue)

    async def set(self, queue: str, values: Mapping[str, str | None], *, by: str) -> QueuePolicy:
        """Say ``values`` of a queue, by knob; ``None`` takes one back. All of them or none.

        Args:
            queue: its name.
            values: as one would write them into the variables.
            by: who says it.

        Raises:
            InvalidPolicyError: naming each knob that cannot be set so; nothing is changed.
        """
        await self._policies.change(QUEUE, queue, values, by=by)
        return await self._announced(queue)

    async def reset(self, queue: str, *, by: str) -> QueuePolicy:
        """Take back all that was said of a queue; whether it is paused or drained stays."""
        await self._policies.reset(QUEUE, queue, by=by)
        return await self._announced(queue)

    async def pause(self, queue: str, *, by: str) -> QueuePolicy:
        """Let nothing new start; what runs goes on, and accepted tasks wait."""
        return await self._switch(queue, {PAUSED: True}, by=by)

    async def resume(self, queue: str, *, by: str) -> QueuePolicy:
        """Let tasks start, and take new ones."""
        return await self._switch(queue, {PAUSED: False, DRAINING: False}, by=by)

    async def drain(self, queue: str, *, by: str) -> QueuePolicy:
        """Take no new tasks; those that are accepted are worked off, also if it was paused."""
        return await self._switch(queue, {PAUSED: False, DRAINING: True}, by=by)

    async def purge(self, queue: str, *, by: str, before: datetime | None = None) -> Purge:
        """Cancel what waits: tasks that are due, delayed or parked, and not those that run.

        It stops after some seconds; repeating it with the same ``before`` goes on.

        Args:
            queue: its name.
            by: who wants it.
            before: only tasks that were accepted before this; now, if left out.
        """
        await self._require(queue)
        before = before or datetime.now(UTC)
        # Ids know milliseconds; the one that has begun is meant, too.
        last = first_id_of(before + timedelta(milliseconds=1))
        reason = f"purged by {by}"
        cancelled, until = 0, time.monotonic() + _PURGE_SECONDS
        while True:
            gone = await self._ledger.cancel_waiting(
                queue, until=last, limit=_PURGE_BATCH, reason=reason
            )
            cancelled += len(gone)
            await self._stops.tell(map(Stop.of, gone))
            complete = len(gone) < _PURGE_BATCH
            if complete or time.monotonic() > until:
                break
        if cancelled:
            _log.warning("queue %r: %d waiting tasks were cancelled (by %s)", queue, cancelled, by)
        return Purge(cancelled=cancelled, complete=complete, before=before)

    async def _switch(self, queue: str, states: Mapping[str, bool], *, by: str) -> QueuePolicy:
        await self._require(queue)
        await self._policies.switch(queue, states, by=by)
        return await self._announced(queue)

    async def _require(self, queue: str) -> None:
        """Return if somebody declares ``queue``, or there is anything of it."""
        catalogue = await self._policies.present()
        if queue in catalogue.queues:
            return
        is_switched = self._policies.is_paused(queue) or self._policies.is_draining(queue)
        if not is_switched and queue not in await self._ledger.open_queues():
            catalogue.queue(queue)

    async def _announced(self, queue: str) -> QueuePolicy:
        """Tell everybody that a policy has changed; returns it."""
        await announce(self._engine)
        return self._policies.describe_queue(queue)
