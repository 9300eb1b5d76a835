"""Runs task types in this very process, with no services, and with time under control."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar
from uuid import UUID

from taskiq import TaskiqMiddleware
from uuid_utils.compat import uuid7

from penstock.broker import Delivery
from penstock.broker.outcomes import HandlerTimeoutError
from penstock.broker.providers import ProviderUse
from penstock.declarations import (
    Artifact,
    PenstockError,
    Priority,
    Provider,
    SyncTaskType,
    TaskType,
)
from penstock.dispatch.needs import Need, need_of
from penstock.engine import Grant, GrantSettlement, Lease, Member
from penstock.ledger import Failure, Outcome, StartedTask, Status
from penstock.ledger.transitions import CANCELLED
from penstock.processes.error_report import HandlerError
from penstock.testing import typed
from penstock.testing.clock import Clock
from penstock.testing.memory import MemorySource
from penstock.testing.memory_worker import MemoryWorker
from penstock.testing.run import BegunRun, Child, Run, StartedRun

I = TypeVar("I")  # noqa: E741  (the input's type, as R is the output's)
P = ParamSpec("P")
R = TypeVar("R")
_MOST_RUNS = 1000


class Harness:
    """Runs tasks without Redis, database or worker; an asynchronous context manager.

    ::

        async def test_an_image_gets_its_width(harness: Harness) -> None:
            image = await harness.run(resize, Resize(source="a.png", width=20))
            assert image.key == "a.png@20"

    What runs is the code of a worker: the input becomes JSON and is read again, as does the output;
    attempts, delays, time-outs and cancellations are those of the task type's policy. A ``def``
    handler runs in a process, as it will; dependencies of taskiq's are resolved. Waiting costs
    nothing: see :attr:`clock`. Jitter is left out.

    It has no queue. Limits of concurrency, rates and units are not kept, however many runs are
    started at once; a :class:`~penstock.RateLimitedError` holds up other runs of its provider, as
    in production. Children are recorded and not run, and may be of task types that nobody has.
    Settings that were not given are those of a fresh installation, if a plugin that is installed
    declares them. ``penstock_services`` runs the whole of it.

    Args:
        folder: for artifacts; a temporary one if left out.
        inline: run ``def`` handlers in a thread of this process, for a debugger or a measurement
            of coverage; then nothing can stop or limit them.

    Attributes:
        clock: the time in which delays pass.
        children: what all runs have enqueued.
        runs: all that was started.
    """

    def __init__(self, *, folder: Path | None = None, inline: bool = False) -> None:
        self.clock = Clock()
        self.runs: list[Run[Any]] = []
        self._by_id: dict[UUID, Run[Any]] = {}
        self._worker = MemoryWorker(self._by_id, self.clock, folder=folder, inline=inline)
        self._open_at: dict[str, float] = {}
        self._abandoned: set[asyncio.Task[None]] = set()
        # Of receivers' tasks, the loop itself keeps weak references only.
        self._under_way: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End what still runs, and remove the files. A handler that ignores this is left behind."""
        tasks = [*self._under_way, *self._abandoned]
        tasks += [each.task for each in self.runs if each.task is not None]
        for each in tasks:
            each.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=1)
        await self._worker.close()

    # -- what a test says beforehand ---------------------------------------------------------

    def settings(self, *values: Any) -> None:
        """Have ``ctx.settings(type(value))`` return each of ``values``."""
        for each in values:
            self._worker.settings.give(each)

    def add_middlewares(self, *middlewares: TaskiqMiddleware) -> None:
        """Add taskiq middlewares, before the first run."""
        self._worker.middlewares += middlewares

    def add_providers(self, *providers: Provider) -> None:
        """Have ``ctx.providers`` return these too, beside those of the plugins installed here.

        Before the first run.
        """
        self._worker.providers += providers

    def override(self, dependency: Callable[..., Any], by: Callable[..., Any]) -> None:
        """Have ``TaskiqDepends(dependency)`` resolved by another function."""
        self._worker.overrides[dependency] = by

    async def put(
        self, name: str, data: bytes | Path, *, content_type: str = "application/octet-stream"
    ) -> Artifact:
        """Store a file that a handler may open: of an upload, or of an earlier task."""
        return await self._worker.artifacts.put(uuid7(), name, data, content_type=content_type)

    async def bytes_of(self, artifact: Artifact) -> bytes:
        """What a handler stored."""
        return await (await self._worker.artifacts.open(artifact.id)).read()

    # -- running -----------------------------------------------------------------------------

    async def run(
        self,
        task_type: TaskType[Concatenate[I, P], R],
        input: I,  # noqa: A002  (what the whole project calls it)
        *,
        user_id: str | None = None,
    ) -> R:
        """Run a task to its end, however often it is tried, and return its output.

        Raises:
            Exception: what the handler raised at last, if it failed.
            TaskFailedError: it failed otherwise (a time-out, say), or was cancelled.
            InvalidInputError: a worker could not read ``input`` from its JSON.
        """
        run = await self.start(task_type, input, user_id=user_id)
        return run.output

    def start(
        self,
        task_type: TaskType[Concatenate[I, P], R],
        input: I,  # noqa: A002  (what the whole project calls it)
        *,
        user_id: str | None = None,
        crash_after: str | int | None = None,
        redelivery_of: Run[R] | None = None,
    ) -> StartedRun[R]:
        """Start a task; ``await`` what this returns for its end, which is no error if it failed.

        Args:
            task_type: what to run.
            input: becomes JSON and is read again.
            user_id: for whom.
            crash_after: let the worker die right after this checkpoint was saved (its name, or 1
                for the first that is saved), once; then the task runs again, like after a death.
            redelivery_of: a run of the same task that has ended; this is what happens when its
                worker was thought dead: same id, same checkpoints, a run of its own.

        Raises:
            InvalidInputError: a worker could not read ``input`` from its JSON.
            DeclarationError: it has no JSON form.
        """
        text = typed.input_to_json(task_type, input)
        value = typed.input_from_json(task_type, text)
        run: StartedRun[R] = StartedRun(redelivery_of.id if redelivery_of else uuid7(), task_type)
        if redelivery_of is not None:
            run.saved = redelivery_of.saved
            run.children = redelivery_of.children
            run.runs = redelivery_of.runs
        run.crash_after = crash_after
        self.runs.append(run)
        self._by_id[run.id] = run
        # Whatever provider it names, somebody may declare it.
        need = need_of(task_type, value, known=_Everything(), installed=self._worker.installed)
        task = _started(run, need, input=text.decode(), user_id=user_id)
        run.task = asyncio.get_running_loop().create_task(self._drive(run, task))
        return run

    def begin(
        self,
        task_type: TaskType[..., R],
        *,
        attempt: int = 1,
        user_id: str | None = None,
    ) -> BegunRun[R]:
        """Begin a run that the test makes itself, by calling what takes its ``context``.

        That may be an ``async def`` handler, or a part of one. Nothing is tried again, time passes
        as it does, and what the code says, saves and stores is found in the run.
        """
        run: BegunRun[R] = BegunRun(uuid7(), task_type)
        run.status = Status.RUNNING
        run.runs = run.attempts = attempt
        self.runs.append(run)
        self._by_id[run.id] = run
        run.delivery = _delivery(run, _started(run, Need(), input="", user_id=user_id))
        run.context = self._worker.context(run.delivery)
        return run

    def cancel(self, run: Run[Any], reason: str = "cancelled by the test") -> None:
        """As :meth:`Run.cancel`."""
        run.cancel(reason)

    @property
    def children(self) -> list[Child]:
        """See the class."""
        return [child for run in self._by_id.values() for child in run.children]

    # -- a task's life -----------------------------------------------------------------------

    async def _drive(self, run: Run[Any], task: StartedTask) -> None:
        with self.clock.running():
            while run.cancel_reason is None:
                if run.runs >= _MOST_RUNS:
                    raise PenstockError(
                        f"task type {run.task_type.name!r} has not ended after {_MOST_RUNS} runs; "
                        "a handler that snoozes has to come to an end"
                    )
                outcome = await self._attempt(run, task)
                if outcome is None:
                    continue
                if outcome.error is not None:
                    run.failures.append(outcome.error)
                if outcome.status is not Status.PENDING:
                    run.status, run.error = outcome.status, outcome.error
                    run.result = None if outcome.result is None else outcome.result.encode()
                    return
                run.status = Status.PENDING
                if not outcome.spends_attempt:
                    run.attempts -= 1
                await self._wait(run, _delay_of(outcome))
            # Somebody wanted it before it began, or while it waited.
            run.status = Status.CANCELLED
            run.error = Failure(CANCELLED, run.cancel_reason, "")

    async def _wait(self, run: Run[Any], delay: timedelta) -> None:
        run.delays.append(delay)
        sleep = asyncio.ensure_future(asyncio.sleep(delay.total_seconds()))
        cancelled = asyncio.ensure_future(run.cancelled.wait())
        await asyncio.wait({sleep, cancelled}, return_when=asyncio.FIRST_COMPLETED)
        sleep.cancel()
        cancelled.cancel()

    async def _attempt(self, run: Run[Any], task: StartedTask) -> Outcome | None:
        """One run of the handler; ``None`` if its worker died under it."""
        loop = asyncio.get_running_loop()
        if task.provider is not None:
            await asyncio.sleep(max(0, self._open_at.get(task.provider, 0) - loop.time()))
        run.runs += 1
        run.attempts += 1
        run.status = Status.RUNNING
        run.exception = None
        values = {name: getattr(task, name) for name in StartedTask.__struct_fields__}
        values |= {"run": run.runs, "attempts": run.attempts, "started_at": datetime.now(UTC)}
        delivery = _delivery(run, StartedTask(**values))
        receiver = self._worker.receiver(run.task_type)
        source = receiver.consumer
        if not isinstance(source, MemorySource):
            raise TypeError(source)
        outcome = source.expect(delivery)
        run.delivery = delivery
        running = loop.create_task(receiver.run(delivery))
        self._under_way.add(running)
        running.add_done_callback(self._under_way.discard)
        died = loop.create_task(run.crashed.wait())
        ends: set[asyncio.Future[Any]] = {outcome, died, running}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        died.cancel()
        run.delivery = None
        if run.crashed.is_set():
            await self._abandon(run, running)
            return None
        await running
        recorded = await outcome
        if delivery.refusal is not None:
            pause = _delay_of(recorded).total_seconds()
            self._open_at[delivery.refusal.provider] = loop.time() + pause
        if isinstance(run.exception, HandlerTimeoutError | HandlerError):
            run.exception = None
        return recorded

    async def _abandon(self, run: Run[Any], running: asyncio.Task[None]) -> None:
        """Its worker is dead: an ``async def`` handler stays where it is, a process is killed."""
        if isinstance(run.task_type, SyncTaskType) and not self._worker.is_inline:
            running.cancel()
            await asyncio.wait({running})
        else:
            self._under_way.discard(running)
            self._abandoned.add(running)
        run.crashed = asyncio.Event()
        run.attempts -= 1


class _Everything(frozenset[str]):
    __slots__ = ()

    def __contains__(self, name: object) -> bool:
        return True


def _started(run: Run[Any], need: Need, *, input: str, user_id: str | None) -> StartedTask:  # noqa: A002  (as above)
    return StartedTask(
        id=run.id,
        type=run.task_type.name,
        queue=run.task_type.queue.name,
        run=run.runs,
        attempts=run.attempts,
        max_attempts=run.task_type.retry.max_attempts,
        losses=0,
        priority=Priority.NORMAL,
        user_id=user_id,
        provider=need.provider,
        units=need.units,
        input=input,
        labels=None,
        started_at=datetime.now(UTC),
    )


def _delivery(run: Run[Any], task: StartedTask) -> Delivery:
    delivery = Delivery(task, _lease(task))
    grant = Grant(id=task.id.bytes, provider=task.provider or "", units=0)
    delivery.use = ProviderUse(grant, _charging(run))
    return delivery


def _charging(run: Run[Any]) -> Callable[[GrantSettlement], object]:
    def settle(settlement: GrantSettlement) -> None:
        run.charged += settlement.units

    return settle


def _lease(task: StartedTask) -> Lease:
    return Lease(
        member=Member(task.id, task.user_id or "", task.provider or ""),
        queue=task.queue,
        epoch="harness",
        token=b"0.0",
        score=b"0",
    )


def _delay_of(outcome: Outcome) -> timedelta:
    """To the millisecond: the moments around it were taken one after the other."""
    if outcome.run_at is None:
        return timedelta(0)
    seconds = round((outcome.run_at - outcome.finished_at).total_seconds(), 3)
    return timedelta(seconds=max(seconds, 0))
