"""Fetching the tasks of one queue: claim, start gate, and what becomes of each run."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from penstock import background
from penstock.broker import outcomes
from penstock.broker.delivery import Delivery
from penstock.broker.gate import StartGate
from penstock.broker.leases import LeaseTable
from penstock.broker.outcomes import OutcomeWriter
from penstock.broker.pace import Pace
from penstock.broker.providers import Admission, Providers
from penstock.broker.ready_line import ReadyLine
from penstock.broker.start_news import StartNews
from penstock.declarations import Installed, Interruption, Queue, TaskType
from penstock.dispatch import Policies
from penstock.engine import Engine, EngineUnavailableError, EpochMissingError, Lease, Settlement
from penstock.ledger import (
    CancelWish,
    Ledger,
    LedgerUnavailableError,
    Outcome,
    StartedTask,
    Status,
)

MAX_LOSSES = 3
"""A task whose worker died under it this often is not given to another one."""
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
# A queue whose index is being built is back soon.
_LONGEST_PAUSE_FOR_INDEX = 0.5
# Finished runs whose outcome the database has not taken yet; beyond this nothing is claimed.
_MOST_UNCOMMITTED = 500
_LEASE_LOST = Interruption(
    "lease_lost", "the worker was silent for longer than its lease, and was thought dead"
)
_SHUTDOWN = Interruption("shutdown", "the worker is shutting down; the task goes on elsewhere")
_log = logging.getLogger(__name__)


class Consumer:
    """Takes from one queue what its slots can run now, or within milliseconds; never more.

    Args:
        queue: the name of the one whose tasks to take.
        policies: how many at once, within which limits, and which task types are known here.
        told: called with each run and its outcome, once that is committed; ``None`` if nobody
            wants to know.
    """

    def __init__(  # noqa: PLR0913  (explicit dependencies, all but the first by keyword)
        self,
        queue: str,
        *,
        policies: Policies,
        engine: Engine,
        ledger: Ledger,
        outcome_writer: OutcomeWriter,
        leases: LeaseTable,
        providers: Providers,
        worker: str,
        told: Callable[[StartedTask, Outcome], None] | None = None,
    ) -> None:
        self._name = queue
        self._policies = policies
        self.claims = 0
        """How often the queue was asked for work, for the watchdog."""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when it is drained; fails with the error that broke it."""
        self._may_run = policies.may_run
        self._engine = engine
        self._ledger = ledger
        self._gate = StartGate(
            ledger,
            worker=worker,
            give_up=lambda: self._draining,
            batch_changed=outcome_writer.batch_changed,
        )
        self._outcomes = outcome_writer
        self._told = told
        self._start_news = StartNews(
            lambda ids: engine.announce(queue, ids), runs=lambda token: token in self._held
        )
        self._leases = leases
        self._providers = providers
        self._pace = Pace()
        self._ready = ReadyLine(
            idle_slots=lambda: self.queue.concurrency - len(self._held) + len(self._ready),
            impatient=self._slowed_down,
        )
        self._at_gate: Sequence[Lease] = ()
        # The leases of tasks under which a worker died.
        self._risky: set[bytes] = set()
        # By lease: an earlier run of the same task may be ending here still.
        self._held: dict[bytes, Delivery] = {}
        # What is heard of those at the gate: who shall be cancelled, and whose lease was refused.
        self._early: dict[UUID, CancelWish] = {}
        self._refused: set[bytes] = set()
        self._settlements: list[Settlement] = []
        self._finishing: set[asyncio.Future[Any]] = set()
        self._changed = asyncio.Event()
        self._has_marker = False
        self._is_expected = False
        self._outage = ""
        self._withheld = ""
        self._parked = 0
        self._why_parked: dict[str, str] = {}
        self._draining = False
        self._loop_task: asyncio.Task[None] | None = None
        self._marker: asyncio.Task[None] | None = None

    @property
    def queue(self) -> Queue:
        """The queue, as its policy is at present."""
        return self._policies.catalogue.queues[self._name]

    def task_type(self, name: str) -> TaskType[Any, Any]:
        """A task type, as its policy is at present."""
        return self._policies.catalogue.task_type(name)

    @property
    def installed(self) -> Installed:
        """What handlers may ask of plugins, with the present limits of providers."""
        return self._policies.catalogue.installed

    # -- the receiver's side -----------------------------------------------------------------

    def start(self) -> None:
        """Begin to claim."""
        self._loop_task = asyncio.create_task(self._run(), name=f"consumer-{self.queue.name}")
        self._loop_task.add_done_callback(self._loop_ended)

    async def deliveries(self) -> list[Delivery]:
        """The tasks that are started next; their runs have begun in the ledger."""
        deliveries = await self._ready.take()
        now = time.monotonic()
        for each in deliveries:
            each.began = now
        if not self._ready and self.free_slots <= 0:
            # What the loop has put off while some waited.
            self._changed.set()
        return deliveries

    def finish(
        self,
        delivery: Delivery,
        outcome: Outcome,
        committed: Callable[[Outcome], object] | None = None,
    ) -> None:
        """Free the slot now; record ``outcome``, then tell ``committed``, then settle the lease.

        ``committed`` may return an awaitable.
        """
        self._pace.ended(began=delivery.began)
        self._record(delivery, outcome, committed)

    def _turn_away(self, delivery: Delivery) -> None:
        """Put it back in line: its handler was not called."""
        self._record(delivery, outcomes.handed_back(delivery.task, ran=False))

    def _record(
        self,
        delivery: Delivery,
        outcome: Outcome,
        committed: Callable[[Outcome], object] | None = None,
    ) -> None:
        self._release(delivery)
        writing: asyncio.Future[Any] | None = None
        if committed is None and delivery.refusal is None:
            # So ends almost every run, and a task of its own costs more than what it has to do.
            writing = self._outcomes.begin(outcome)
        if writing is None:
            self._track(asyncio.create_task(self._commit(delivery, outcome, committed)))
        else:
            self._finishing.add(writing)
            writing.add_done_callback(partial(self._written, delivery, outcome))

    def _slowed_down(self, waiting: Sequence[Delivery]) -> None:
        """Slots do not come free as they did: there may be some elsewhere."""
        self._pace.forget()
        for delivery in waiting:
            self._turn_away(delivery)

    # -- stopping runs -----------------------------------------------------------------------

    def lose(self, lease: Lease) -> None:
        """The engine refused this lease: stop the run that it was for, or do not begin it.

        It is handed back. Whoever has the lease now may be at the start gate still, and would have
        to take it for one whose worker died.
        """
        delivery = self._held.get(lease.token)
        if delivery is not None:
            _log.warning("task %s: its lease was lost; this run is cancelled", lease.id)
            delivery.interrupt(_LEASE_LOST)
        elif any(each.token == lease.token for each in self._at_gate):
            self._refused.add(lease.token)

    async def cancel(self, ids: Collection[UUID]) -> None:
        """Somebody wants these tasks cancelled: stop those runs here of which the ledger says so.

        What is told may be about an earlier life of a task that was retried since. While the
        database is away nothing is known; the next heartbeat tells it again.
        """
        here = {each.id for each in self._at_gate}
        here.update(each.task.id for each in self._held.values())
        ids = [each for each in ids if each in here]
        if not ids:
            return
        try:
            wishes = await self._ledger.cancel_wishes(ids)
        except LedgerUnavailableError as error:
            _log.debug("queue %r: cancelling waits: %s", self.queue.name, error)
            return
        for delivery in list(self._held.values()):
            _stop_if_wanted(delivery, wishes)
        # Those that are at the gate still get it when they have passed.
        self._early |= {each.id: wishes[each.id] for each in self._at_gate if each.id in wishes}

    def look(self) -> None:
        """Somebody parked a task: perhaps its type is known here."""
        self._parked = 1
        self._has_marker = True
        self._changed.set()

    def policy_changed(self) -> None:
        """The queue may have another policy: what may be claimed has to be seen anew."""
        self._ready.look()
        self._changed.set()

    def withhold(self, reason: str) -> None:
        """Claim nothing, because what its tasks need is not there; what runs goes on."""
        self._withheld = reason
        self._changed.set()

    # -- shutting down -----------------------------------------------------------------------

    async def drain(self) -> None:
        """Claim nothing more, and hand back what is not running yet."""
        self._draining = True
        self._changed.set()
        for delivery in self._ready.clear():
            self._turn_away(delivery)

    def interrupt(self) -> None:
        """Cancel what still runs, to be handed back."""
        for delivery in list(self._held.values()):
            delivery.interrupt(_SHUTDOWN)

    async def close(self, *, patience: float) -> None:
        """Wait until every outcome is committed and settled, for at most ``patience`` seconds."""
        self._changed.set()
        await asyncio.wait({self.ended}, timeout=patience)
        await background.end(self._loop_task, self._marker)
        await self._start_news.close()
        # The wait that was cut off may have taken the marker: another worker needs it.
        with suppress(EngineUnavailableError):
            await self._engine.claim(self.queue, 0)

    async def restart(self) -> None:
        """Begin the loop anew, for a watchdog that found it stuck; runs go on."""
        stuck, self._loop_task = self._loop_task, None
        await background.end(stuck, self._marker)
        self._has_marker = True
        self.start()

    # -- the loop ----------------------------------------------------------------------------

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            self._changed.clear()
            if not (self._policies.is_known or self._draining):
                await self._changed.wait()
                continue
            want = self.free_slots
            if self._draining and not (self._settlements or self._finishing or self._held):
                return
            paused = not self._may_start
            # While some wait for slots, the next claim is near, and does that as well.
            is_due = bool(self._settlements or self._is_expected) and not self._ready
            # A paused queue is asked once per lease still: lost workers are to be noticed.
            if want <= 0 and not (is_due or self._has_marker or paused):
                await self._changed.wait()
                continue
            try:
                # With no slot free this still puts a marker back for another worker, or leaves one
                # if this one was expected to come again.
                next_wake = await self._claim(max(want, 0))
            except EngineUnavailableError as error:
                self._outage = str(error)
                # A queue without an index is what every fresh start looks like for a moment.
                building = isinstance(error, EpochMissingError)
                level = logging.DEBUG if building else logging.WARNING
                _log.log(level, "queue %r: claiming waits: %s", self.queue.name, error)
                longest = _LONGEST_PAUSE_FOR_INDEX if building else _LONGEST_PAUSE
                await asyncio.sleep(min(pause, longest))
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                pause = _FIRST_PAUSE
                # Whoever was refused at the start gate would hold a place until then.
                if next_wake != 0 and not self._settlements:
                    # What may start next is of no interest while nothing may start.
                    await self._sleep(None if paused else next_wake)

    async def _claim(self, want: int) -> float | None:
        """Settle and claim once; returns the seconds until the next call is useful."""
        settlements, self._settlements = self._settlements, []
        self._has_marker = False
        for each in settlements:
            if each.kind in {"presume", "stale"}:
                # Somebody else has it: this worker shall not say that it does in the meantime.
                self._leases.remove(each.lease)
        known = self._parked
        asked = time.monotonic()
        try:
            claim = await self._engine.claim(
                self.queue, want, settlements, parked=self._runnable() if self._parked else ()
            )
        except BaseException:
            self._settlements = settlements + self._settlements
            raise
        self.claims += 1
        # Before the start gate, which has outages of its own: one that hangs is to be noticed.
        self._outage = ""
        for settlement in settlements:
            self._leases.remove(settlement.lease)
        await self._providers.look_again(self.queue.name)
        if claim.expired:
            _log.warning(
                "queue %r: %d tasks lost their worker and run again",
                self.queue.name,
                claim.expired,
            )
        if claim.leases and time.monotonic() - asked > self._engine.lease.total_seconds() / 2:
            # Nobody renewed them while the answer lay unread, because something blocked the loop.
            _log.warning(
                "queue %r: %d tasks are given back: the answer to their claim was read too late",
                self.queue.name,
                len(claim.leases),
            )
            self._settlements += [Settlement(lease=each, kind="back") for each in claim.leases]
        elif claim.leases:
            await self._start(claim.leases)
        self._parked = claim.parked
        # Whoever gets less than it wants comes again for what is due next, as the engine sees it.
        self._is_expected = len(claim.leases) < want
        more = len(claim.leases) == want or (claim.parked and not known)
        return 0 if self.free_slots > 0 and more else claim.next_wake

    async def _start(self, leases: Sequence[Lease]) -> None:
        for lease in leases:
            self._leases.add(lease)
        self._at_gate = leases
        admission = Admission(leases=())
        deliveries: list[Delivery] = []
        try:
            admission = await self._providers.admit(leases, estimates=self._gate.estimates)
            if admission.leases:
                deliveries, settlements = await self._gate.open(admission.leases)
                self._settlements += settlements
            self._settlements += admission.settlements
        except BaseException:
            # Whether the runs were opened is unknown, and somebody has to find out.
            self._settlements += [Settlement(lease=lease, kind="back") for lease in leases]
            raise
        else:
            for delivery in deliveries:
                delivery.use = admission.uses.pop(delivery.lease.token, None)
        finally:
            self._at_gate = ()
            for use in admission.uses.values():
                use.end()
        # A task under which workers die takes no more others with it than run beside it.
        self._risky.update(each.lease.token for each in deliveries if each.task.losses)
        most = self.queue.concurrency if self._risky else math.inf
        if self._risky:
            self._pace.forget()
        self._ready.add([each for each in deliveries if self._admit(each, most)])
        self._start_news.add([each.lease for each in deliveries])
        self._early.clear()
        self._refused.clear()

    def _admit(self, delivery: Delivery, most: float) -> bool:
        """Whether it may run here, with no more than ``most`` at hand; else its run ends."""
        task = delivery.task
        self._held[delivery.lease.token] = delivery
        if self._draining or delivery.lease.token in self._refused or len(self._held) > most:
            self._turn_away(delivery)
        elif task.losses >= MAX_LOSSES:
            message = f"its worker died under it {task.losses} times; it is not tried again"
            _log.error("task %s (%s): %s", task.id, task.type, message)
            self._record(delivery, outcomes.refused(task, "worker_lost", message))
        elif not self._may_run(task.type):
            self._say_parked(task.type)
            self._turn_away(delivery)
        else:
            _stop_if_wanted(delivery, self._early)
            return True
        return False

    def _say_parked(self, task_type: str) -> None:
        """Once for each reason: thousands may wait."""
        is_disabled = task_type in self._policies.catalogue.disabled_task_types
        reason = "an operator has disabled it" if is_disabled else "this worker does not know it"
        if self._why_parked.get(task_type) != reason:
            self._why_parked[task_type] = reason
            _log.warning("tasks of type %r are parked: %s", task_type, reason)

    def _runnable(self) -> list[str]:
        """The task types whose parked tasks may come back."""
        return [each for each in self._policies.catalogue.task_types if self._may_run(each)]

    @property
    def outage(self) -> str:
        """What keeps it from asking for work, as far as it knows; for the watchdog."""
        return self._withheld or self._policies.unknown or self._outage or self._gate.outage

    @property
    def _may_start(self) -> bool:
        return not self._withheld and self._policies.may_start(self._name)

    @property
    def free_slots(self) -> int:
        """How many more tasks may be claimed now."""
        if not self._may_start:
            return 0
        if self._draining or len(self._finishing) > _MOST_UNCOMMITTED:
            return 0
        # Who waits beside a task under which a worker died would be lost with it, and who waits for
        # a provider with limits would hold its grants.
        is_bound = self._risky or self._providers.may_limit(self._name)
        ahead = 0 if is_bound else self._pace.ahead(self.queue)
        free = self.queue.concurrency + ahead - len(self._held)
        # Each call and its statement are for many, and of those there are some here already.
        return free if 3 * free >= ahead else 0

    async def _sleep(self, next_wake: float | None) -> None:
        """Wait for work, a free slot, something to settle, or the time the engine named.

        A lease taken by another worker after our last look expires no earlier than one lease from
        then, so looking again after one lease is soon enough to notice a death.
        """
        lease = self._engine.lease.total_seconds()
        if self.free_slots > 0 and (self._marker is None or self._marker.done()):
            self._marker = asyncio.create_task(self._await_marker(lease))
        try:
            async with asyncio.timeout(lease if next_wake is None else min(next_wake, lease)):
                await self._changed.wait()
        except TimeoutError:
            pass

    async def _await_marker(self, timeout: float) -> None:
        try:
            while not await self._engine.wait(self.queue.name, timeout):
                pass
        except EngineUnavailableError:
            # The claim that follows says what is wrong.
            await asyncio.sleep(_LONGEST_PAUSE)
        self._has_marker = True
        self._changed.set()

    def _loop_ended(self, task: asyncio.Task[None]) -> None:
        if task is not self._loop_task or self.ended.done():
            return
        if task.cancelled() or task.exception() is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(task.exception() or AssertionError())

    def _track(self, writing: asyncio.Future[Any]) -> None:
        self._finishing.add(writing)
        writing.add_done_callback(self._finished)

    def _finished(self, writing: asyncio.Future[Any]) -> None:
        self._finishing.discard(writing)
        self._changed.set()

    def _release(self, delivery: Delivery) -> None:
        self._held.pop(delivery.lease.token, None)
        self._risky.discard(delivery.lease.token)
        self._ready.look()
        self._changed.set()
        if delivery.use is not None:
            delivery.use.end()

    async def _commit(
        self,
        delivery: Delivery,
        outcome: Outcome,
        committed: Callable[[Outcome], object] | None,
    ) -> None:
        closed: timedelta | None = None
        if delivery.refusal is not None:
            try:
                closed = await self._providers.close(delivery.refusal)
            except EngineUnavailableError as error:
                # Then this task waits alone.
                _log.warning("provider %r is not closed: %s", delivery.refusal.provider, error)
            else:
                outcome = msgspec.structs.replace(outcome, run_at=None)
        try:
            recorded = await self._outcomes.write(outcome)
        except Exception:  # noqa: BLE001
            # Nobody renews the lease any more, so the task is tried again after it.
            self._leases.remove(delivery.lease)
            _log.exception("task %s: the database takes no outcome of it", outcome.id)
            return
        if recorded is not None and committed is not None:
            try:
                answer = committed(recorded)
                if asyncio.iscoroutine(answer):
                    await answer
            # The outcome stands, whatever those who are told of it do.
            except Exception:  # noqa: BLE001
                _log.exception("task %s: its outcome is recorded, but not announced", recorded.id)
        self._end(delivery, outcome, recorded, closed)

    def _written(
        self, delivery: Delivery, outcome: Outcome, writing: asyncio.Future[Status | None]
    ) -> None:
        self._finished(writing)
        if writing.cancelled():
            return
        if writing.exception() is None:
            self._end(delivery, outcome, self._outcomes.as_recorded(outcome, writing.result()))
            return
        # Nothing was written: the whole way says what is wrong with it.
        self._track(asyncio.create_task(self._commit(delivery, outcome, None)))

    def _end(
        self,
        delivery: Delivery,
        outcome: Outcome,
        recorded: Outcome | None,
        closed: timedelta | None = None,
    ) -> None:
        """The outcome is committed, or was dropped."""
        if recorded is None:
            _log.warning("task %s: run %d was superseded; dropped", outcome.id, outcome.run)
        elif self._told is not None:
            self._told(delivery.task, recorded)
        self._settlements.append(self._settle(delivery, recorded, closed))
        self._changed.set()

    def _settle(
        self, delivery: Delivery, outcome: Outcome | None, closed: timedelta | None = None
    ) -> Settlement:
        lease = delivery.lease
        if outcome is None:
            # Whatever superseded it, the start gate knows what to do if it is still in line.
            return Settlement(lease=lease, kind="stale")
        if outcome.status is not Status.PENDING:
            return Settlement(lease=lease)
        if closed is not None:
            return Settlement(lease=lease, kind="room", delay=closed)
        if outcome.run_at is not None:
            delay = max(outcome.run_at - datetime.now(UTC), timedelta(0))
            return Settlement(lease=lease, kind="delay", delay=delay)
        if not self._may_run(delivery.task.type):
            return Settlement(lease=lease, kind="park", task_type=delivery.task.type)
        return Settlement(lease=lease, kind="back")


def _stop_if_wanted(delivery: Delivery, wishes: Mapping[UUID, CancelWish]) -> None:
    wish = wishes.get(delivery.task.id)
    if wish is not None and wish.run == delivery.task.run:
        delivery.interrupt(Interruption("cancelled", wish.reason))
