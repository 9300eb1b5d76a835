"""Firing schedules: their instants become tasks.

Every process may run one, a worker as well as the API, so that instants are missed only while all
of them are down. There is no leader: whoever moves a schedule on in the ledger makes the tasks, in
the same transaction, and for all others there is nothing left to do.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from penstock import background
from penstock.declarations import DeclarationError, PenstockError, Priority
from penstock.dispatch.declared_schedules import DeclaredSchedules
from penstock.dispatch.dispatch import Dispatch
from penstock.dispatch.firings import plan, task_id_of
from penstock.dispatch.policies import Policies
from penstock.dispatch.submission import Submission
from penstock.engine import EngineUnavailableError
from penstock.ledger import LedgerUnavailableError, NewTask
from penstock.ledger.schedules import Firing, ScheduleRecord, Schedules

# What changes is announced; this is for what was not heard.
_LONGEST_SLEEP = 10.0
# Processes wake a little apart, so that all but the first find that there is nothing to do.
_SPREAD = 0.03
_PATIENCE = 5.0
_BATCH = 100
# Of one schedule, in one transaction.
_MOST_INSTANTS = 100
_AWAY = (LedgerUnavailableError, EngineUnavailableError)
_log = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class Scheduler:
    """Fires the schedules whose task types are known here, for ever.

    Args:
        schedules: the ledger's.
        dispatch: takes the tasks.
        policies: which task types there are.
        clock: the present moment, in UTC.
    """

    def __init__(
        self,
        *,
        schedules: Schedules,
        dispatch: Dispatch,
        policies: Policies,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._schedules = schedules
        self._dispatch = dispatch
        self._policies = policies
        self._clock = clock
        self._declared = DeclaredSchedules(schedules, policies.catalogue)
        self._known_types = sorted(policies.catalogue.task_types)
        self._is_declared = False
        # Those whose instants this host cannot tell: it may lack their time zone.
        self._unusable: set[UUID] = set()
        self._failing = False
        self._news = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work in the background."""
        self._task = asyncio.create_task(self._run(), name="scheduler")

    async def stop(self) -> None:
        """Stop after the step under way."""
        self._stopping = True
        self._news.set()
        await background.end(self._task, patience=_PATIENCE)

    def look(self) -> None:
        """A schedule may have changed: look anew when to wake."""
        self._unusable.clear()
        self._news.set()

    async def _run(self) -> None:
        if not self._known_types:
            return
        while not self._stopping:
            self._news.clear()
            seconds = await self._step()
            try:
                async with asyncio.timeout(min(seconds, _LONGEST_SLEEP)):
                    await self._news.wait()
            except TimeoutError:
                pass

    async def _step(self) -> float:
        """Do what there is to do; returns the seconds until there is more.

        Whatever is wrong is logged, once until it works again.
        """
        try:
            if not self._is_declared:
                await self._declared.write(self._clock())
                self._is_declared = True
            next_run_at = await self.fire()
        except PenstockError as error:
            _log.log(
                logging.DEBUG if self._failing else logging.WARNING, "schedules wait: %s", error
            )
            self._failing = True
            return 1.0
        # One that died of a surprise would be missed only when a task is.
        except Exception:  # noqa: BLE001
            _log.exception("firing schedules")
            return 1.0
        self._failing = False
        if next_run_at is None:
            return _LONGEST_SLEEP
        seconds = (next_run_at - self._clock()).total_seconds()
        return max(seconds, 0.0) + random.uniform(0, _SPREAD)  # noqa: S311  (no secret)

    async def fire(self) -> datetime | None:
        """Make the tasks of all instants that are over; returns the next one, if there is one.

        Raises:
            LedgerUnavailableError: the database is away.
            EngineUnavailableError: nobody can tell whether a queue is full.
        """
        while True:
            active = await self._schedules.active(
                self._known_types, without=self._unusable, limit=_BATCH
            )
            now = self._clock()
            due = [each for each in active if each.next_run_at <= now]
            if not due:
                return active[0].next_run_at if active else None
            planned = [await self._plan(each, now) for each in due]
            for task in await self._write([each for each in planned if each is not None]):
                self._dispatch.hand_over(task)

    async def _plan(self, schedule: ScheduleRecord, now: datetime) -> Firing | None:
        """What to write of a schedule that is due; nothing if this process cannot tell."""
        terms = schedule.terms
        try:
            found = plan(
                terms.recurrence,
                next_run_at=schedule.next_run_at,
                now=now,
                misfire=terms.misfire,
                grace=terms.misfire_grace,
                limit=_MOST_INSTANTS,
            )
        except DeclarationError as error:
            _log.error("schedule %r does not fire from here: %s", schedule.name, error)
            self._unusable.add(schedule.id)
            return None
        problem = None
        if found.missed is not None:
            problem = (
                f"nobody was there for the instants since {found.missed:%Y-%m-%d %H:%M:%S} UTC"
            )
            _log.warning("schedule %r: %s (%s)", schedule.name, problem, terms.misfire)
        tasks = []
        for instant in found.instants:
            try:
                tasks.append(await self._dispatch.prepare(_submission(schedule, instant)))
            except _AWAY:
                raise
            except PenstockError as error:
                # It is like any other submission: nobody would post it again later.
                problem = str(error)
                _log.error("schedule %r makes no task: %s", schedule.name, error)
            # Functions of plugins tell what a task needs; one that fails may keep no other
            # schedule from firing.
            except Exception as error:  # noqa: BLE001
                problem = f"its task could not be made: {error!r}"
                _log.exception("schedule %r makes no task", schedule.name)
        return Firing(
            schedule=schedule.id,
            instant=schedule.next_run_at,
            next_run_at=found.next_run_at,
            tasks=tasks,
            problem=problem,
        )

    async def _write(self, firings: Sequence[Firing]) -> Sequence[NewTask]:
        """Make the tasks; one that the database refuses keeps no other from being made."""
        if not firings:
            return []
        try:
            return await self._schedules.fire(firings)
        except DBAPIError as error:
            if len(firings) > 1:
                return [task for each in firings for task in await self._write([each])]
            (firing,) = firings
            problem = f"the database refused its task: {error.orig}"
            _log.error("schedule %s makes no task: %s", firing.schedule, problem)
            without = Firing(
                schedule=firing.schedule,
                instant=firing.instant,
                next_run_at=firing.next_run_at,
                tasks=(),
                problem=problem,
            )
            return await self._schedules.fire([without])


def _submission(schedule: ScheduleRecord, instant: datetime) -> Submission:
    terms = schedule.terms
    return Submission(
        terms.type,
        terms.input,
        priority=Priority(terms.priority),
        user_id=terms.user_id,
        id=task_id_of(schedule.id, instant),
        run_at=instant,
        # Each instant makes a task, whether that of the one before has ended or not.
        unique=False,
    )
