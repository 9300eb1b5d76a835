"""The start gate as a worker passes it: from leases to deliveries, and what becomes of the rest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from penstock.broker.delivery import Delivery
from penstock.engine import Lease, Settlement
from penstock.ledger import ClaimedTask, Ledger, LedgerUnavailableError, RefusedStart, Status

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_CLOCK_PAUSE = timedelta(seconds=1)
T = TypeVar("T")
_log = logging.getLogger(__name__)


class StartGate:
    """Opens the runs of claimed tasks in the ledger.

    Args:
        worker: this process, told apart from all others.
        give_up: whether to stop trying while the database is away.
        batch_changed: told of the batches of tasks that were refused as they have ended.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        worker: str,
        give_up: Callable[[], bool],
        batch_changed: Callable[[Iterable[UUID]], None],
    ) -> None:
        self._ledger = ledger
        self._batch_changed = batch_changed
        self._worker = worker
        self._give_up = give_up
        self.outage = ""
        """What the database said last, while it is away."""

    async def open(self, leases: Sequence[Lease]) -> tuple[list[Delivery], list[Settlement]]:
        """The runs that may begin, in the order of their leases, and what to do with the others.

        While the database is away this holds the leases and tries again, until it is told to give
        up: then all of them go back in line.
        """
        claims = [ClaimedTask(lease.id, lease.number, lease.orphan) for lease in leases]
        verdict = await self._patiently(
            lambda: self._ledger.start(claims, worker=self._worker), len(leases)
        )
        if verdict is None:
            return [], [Settlement(lease=lease, kind="back") for lease in leases]
        started, refused = verdict
        # The database returns them in no order; the claim's order is that of the queue.
        by_id = {task.id: task for task in started}
        deliveries = [Delivery(by_id[each.id], each) for each in leases if each.id in by_id]
        refusals = {each.id: each for each in refused}
        # The gate itself may have ended some, as it was too late, or somebody wanted it.
        ended = [each for each in refused if each.status not in {Status.PENDING, Status.RUNNING}]
        self._batch_changed({each.batch_id for each in ended if each.batch_id is not None})
        settlements = [
            _settle(lease, refusals[lease.id]) for lease in leases if lease.id in refusals
        ]
        return deliveries, settlements

    async def estimates(self, leases: Sequence[Lease]) -> Mapping[UUID, int] | None:
        """How many units of their providers claimed tasks use, as estimated.

        Nothing if it was told to give up while the database was away.
        """
        ids = [lease.id for lease in leases]
        return await self._patiently(lambda: self._ledger.estimates(ids), len(leases))

    async def _patiently(self, ask: Callable[[], Awaitable[T]], tasks: int) -> T | None:
        """What the ledger answers, as soon as it does; nothing if that is given up."""
        pause = _FIRST_PAUSE
        try:
            while True:
                try:
                    return await ask()
                except LedgerUnavailableError as error:
                    self.outage = str(error)
                    if self._give_up():
                        return None
                    _log.warning("%d claimed tasks wait for the database: %s", tasks, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        finally:
            # Also if it is cut off: nobody else would.
            self.outage = ""


def _settle(lease: Lease, refused: RefusedStart) -> Settlement:
    if refused.stale and refused.status in {Status.PENDING, Status.RUNNING}:
        # Redis has settled what is to become of it since, and ignores this lease, unless its clock
        # went back: then the next claim is later.
        _log.warning("task %s: it was claimed again meanwhile; this claim is given up", lease.id)
        return Settlement(lease=lease, kind="delay", delay=_CLOCK_PAUSE)
    match refused.status:
        case Status.PENDING:
            # Without a time it was handed back after the gate had refused it.
            run_at = refused.run_at or datetime.now(UTC)
            delay = max(run_at - datetime.now(UTC), timedelta(0))
            return Settlement(lease=lease, kind="delay", delay=delay)
        case Status.RUNNING:
            _log.warning(
                "task %s: Redis has lost who runs it; whoever does has one lease to be heard of",
                lease.id,
            )
            return Settlement(lease=lease, kind="presume")
        case _:
            _log.info("task %s: Redis had it still, though it has ended: forgotten", lease.id)
            return Settlement(lease=lease)
