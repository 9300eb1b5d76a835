"""Fetching the tasks of one queue: claim, start gate, and what becomes of each run."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

from penstock import background
from penstock.broker import outcomes
from penstock.broker.delivery import Delivery
from penstock.broker.leases import LeaseTable
from penstock.broker.outcomes import OutcomeWriter
from penstock.declarations import Interruption, Queue
from penstock.engine import Engine, EngineUnavailableError, EpochMissingError, Lease, Settlement
from penstock.ledger import (
    Ledger,
    LedgerUnavailableError,
    Outcome,
    RefusedStart,
    Status,
)

MAX_LOSSES = 3
"""A task whose worker died under it this often is not given to another one."""
PARKING_TIME = timedelta(seconds=10)
"""How long a task of a type that this worker does not know is left to others."""
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
# Finished runs whose outcome the database has not taken yet; beyond this nothing is claimed.
_MOST_UNCOMMITTED = 200
_LEASE_LOST = Interruption(
    "lease_lost", "the worker was silent for longer than its lease, and was thought dead"
)
_SHUTDOWN = Interruption("shutdown", "the worker is shutting down; the task goes on elsewhere")
_log = logging.getLogger(__name__)


class Consumer:
    """Takes from one queue what free slots can run, never more.

    Args:
        queue: whose tasks to take, and how many at once.
        task_types: the names that this worker can run.
    """

    def __init__(
        self,
        queue: Queue,
        *,
        task_types: Collection[str],
        engine: Engine,
        ledger: Ledger,
        outcome_writer: OutcomeWriter,
        leases: LeaseTable,
        worker: str,
    ) -> None:
        self.queue = queue
        self._task_types = task_types
        self._engine = engine
        self._ledger = ledger
        self._outcomes = outcome_writer
        self._leases = leases
        self._worker = worker
        self._ready: asyncio.Queue[Delivery] = asyncio.Queue()
        self._held: dict[UUID, Delivery] = {}
        self._settlements: list[Settlement] = []
        self._finishing: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._has_marker = False
        self._draining = False
        self._loop_task: asyncio.Task[None] | None = None
        self._marker: asyncio.Task[None] | None = None

    # -- the receiver's side -----------------------------------------------------------------

    @property
    def claiming(self) -> asyncio.Task[None]:
        """The loop that claims; it ends when it is drained, or with the error that broke it."""
        if self._loop_task is None:
            message = f"the consumer of queue {self.queue.name!r} is not started: call start()"
            raise RuntimeError(message)
        return self._loop_task

    def start(self) -> None:
        """Begin to claim."""
        self._loop_task = asyncio.create_task(self._run(), name=f"consumer-{self.queue.name}")

    async def get(self) -> Delivery:
        """The next started task; its run has begun in the ledger."""
        return await self._ready.get()

    def finish(
        self, delivery: Delivery, outcome: Outcome, committed: Callable[[Outcome], object]
    ) -> None:
        """Free the slot now; record ``outcome``, then tell ``committed``, then settle the lease.

        ``committed`` may return an awaitable.
        """
        self._release(delivery)
        task = asyncio.create_task(self._commit(delivery, outcome, committed))
        self._finishing.add(task)
        task.add_done_callback(self._finished)

    def drop(self, delivery: Delivery) -> None:
        """Forget a run whose lease was lost: another one may be under way."""
        self._release(delivery)
        self._leases.remove(delivery.lease)

    def lose(self, lease: Lease) -> None:
        """The engine refused this lease: stop the run that it was for."""
        delivery = self._held.get(lease.id)
        # A later run of the same task has a lease of its own.
        if delivery is not None and delivery.lease is lease:
            _log.warning("task %s: its lease was lost; this run is cancelled", lease.id)
            delivery.interrupt(_LEASE_LOST)

    # -- shutting down -----------------------------------------------------------------------

    async def drain(self) -> None:
        """Claim nothing more, and hand back what is not running yet."""
        self._draining = True
        self._changed.set()
        while not self._ready.empty():
            delivery = self._ready.get_nowait()
            self.finish(delivery, outcomes.handed_back(delivery.task), _nothing)

    def interrupt(self) -> None:
        """Cancel what still runs, to be handed back."""
        for delivery in list(self._held.values()):
            delivery.interrupt(_SHUTDOWN)

    async def close(self, *, patience: float) -> None:
        """Wait until every outcome is committed and settled, for at most ``patience`` seconds."""
        self._changed.set()
        if self._loop_task is not None:
            await asyncio.wait({self._loop_task}, timeout=patience)
        await background.end(self._loop_task, self._marker)
        # The wait that was cut off may have taken the marker: another worker needs it.
        with suppress(EngineUnavailableError):
            await self._engine.claim(self.queue, 0)

    # -- the loop ----------------------------------------------------------------------------

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            self._changed.clear()
            want = self._free_slots()
            if self._draining and not (self._settlements or self._finishing or self._held):
                return
            if want <= 0 and not (self._settlements or self._has_marker):
                await self._changed.wait()
                continue
            try:
                # With no slot free this still puts a marker back for another worker.
                next_wake = await self._claim(max(want, 0))
            except EngineUnavailableError as error:
                # A queue without an index is what every fresh start looks like for a moment.
                level = logging.DEBUG if isinstance(error, EpochMissingError) else logging.WARNING
                _log.log(level, "queue %r: claiming waits: %s", self.queue.name, error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except LedgerUnavailableError as error:
                _log.warning("queue %r: claiming waits: %s", self.queue.name, error)
                await self._ledger_back()
            else:
                pause = _FIRST_PAUSE
                await self._sleep(next_wake)

    async def _claim(self, want: int) -> float | None:
        """Settle and claim once; returns the seconds until the next call is useful."""
        settlements, self._settlements = self._settlements, []
        self._has_marker = False
        try:
            claim = await self._engine.claim(self.queue, want, settlements)
        except EngineUnavailableError:
            self._settlements = settlements + self._settlements
            raise
        for settlement in settlements:
            self._leases.remove(settlement.lease)
        if claim.expired:
            _log.warning(
                "queue %r: %d tasks lost their worker and run again",
                self.queue.name,
                claim.expired,
            )
        if not claim.leases:
            return claim.next_wake
        for lease in claim.leases:
            self._leases.add(lease)
        await self._pass_gate({lease.id: lease for lease in claim.leases})
        return 0 if self._free_slots() > 0 and len(claim.leases) == want else claim.next_wake

    async def _pass_gate(self, leases: dict[UUID, Lease]) -> None:
        try:
            started, refused = await self._ledger.start(list(leases), worker=self._worker)
        except BaseException:
            # Whether the runs were opened is unknown; the next gate counts a loss at worst.
            self._settlements += [Settlement(lease=lease, kind="back") for lease in leases.values()]
            raise
        # The database returns them in no order; the claim's order is that of the queue.
        by_id = {task.id: task for task in started}
        for task_id, lease in leases.items():
            if task_id in by_id:
                self._admit(Delivery.of(by_id[task_id], lease))
        for each in refused:
            self._settlements.append(_settle_refused(leases[each.id], each))

    def _admit(self, delivery: Delivery) -> None:
        task = delivery.task
        self._held[task.id] = delivery
        if self._draining:
            self.finish(delivery, outcomes.handed_back(task), _nothing)
        elif task.losses >= MAX_LOSSES:
            message = f"its worker died under it {task.losses} times; it is not tried again"
            _log.error("task %s (%s): %s", task.id, task.type, message)
            self.finish(delivery, outcomes.refused(task, "worker_lost", message), _nothing)
        elif task.type not in self._task_types:
            _log.warning(
                "task %s: this worker knows no task type %r; left to others for %s",
                task.id,
                task.type,
                PARKING_TIME,
            )
            self.finish(delivery, outcomes.handed_back(task, PARKING_TIME), _nothing)
        else:
            self._ready.put_nowait(delivery)

    def _free_slots(self) -> int:
        if self._draining or len(self._finishing) > _MOST_UNCOMMITTED:
            return 0
        return self.queue.concurrency - len(self._held)

    async def _sleep(self, next_wake: float | None) -> None:
        """Wait for work, a free slot, something to settle, or the time the engine named.

        A lease taken by another worker after our last look expires no earlier than one lease from
        then, so looking again after one lease is soon enough to notice a death.
        """
        lease = self._engine.lease.total_seconds()
        if self._free_slots() > 0 and (self._marker is None or self._marker.done()):
            self._marker = asyncio.create_task(self._await_marker(lease))
        try:
            async with asyncio.timeout(lease if next_wake is None else min(next_wake, lease)):
                await self._changed.wait()
        except TimeoutError:
            pass

    async def _await_marker(self, timeout: float) -> None:
        try:
            await self._engine.wait(self.queue.name, timeout)
        except EngineUnavailableError:
            # The claim that follows says what is wrong.
            await asyncio.sleep(_LONGEST_PAUSE)
        self._has_marker = True
        self._changed.set()

    async def _ledger_back(self) -> None:
        """Return when the database answers; nothing is claimed until then."""
        pause = _FIRST_PAUSE
        while True:
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            try:
                await self._ledger.ping()
            except LedgerUnavailableError:
                continue
            return

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._finishing.discard(task)
        self._changed.set()

    def _release(self, delivery: Delivery) -> None:
        self._held.pop(delivery.task.id, None)
        self._changed.set()

    async def _commit(
        self, delivery: Delivery, outcome: Outcome, committed: Callable[[Outcome], object]
    ) -> None:
        try:
            recorded = await self._outcomes.write(outcome)
        except Exception:  # noqa: BLE001
            # Nobody renews the lease any more, so the task is tried again after it.
            self._leases.remove(delivery.lease)
            _log.exception("task %s: the database takes no outcome of it", outcome.id)
            return
        try:
            answer = committed(recorded)
            if asyncio.iscoroutine(answer):
                await answer
        # The outcome stands, whatever those who are told of it do.
        except Exception:  # noqa: BLE001
            _log.exception("task %s: its outcome is recorded, but not announced", recorded.id)
        self._settlements.append(_settle(delivery, recorded))
        self._changed.set()


def _settle(delivery: Delivery, outcome: Outcome) -> Settlement:
    if outcome.status is not Status.PENDING:
        return Settlement(lease=delivery.lease)
    if outcome.run_at is None:
        return Settlement(lease=delivery.lease, kind="back")
    delay = max(outcome.run_at - datetime.now(UTC), timedelta(0))
    return Settlement(lease=delivery.lease, kind="delay", delay=delay)


def _settle_refused(lease: Lease, refused: RefusedStart) -> Settlement:
    if refused.status is Status.PENDING and refused.run_at is not None:
        delay = max(refused.run_at - datetime.now(UTC), timedelta(0))
        return Settlement(lease=lease, kind="delay", delay=delay)
    return Settlement(lease=lease)


def _nothing(_: Outcome) -> None:
    return None
