"""Runs task types in this very process, with no services, and with time under control."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar
from uuid import UUID

from taskiq import TaskiqMiddleware
from uuid_utils.compat import uuid7

from penstock.broker import Broker, Delivery, Receiver
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
from penstock.dispatch import ArtifactStore
from penstock.dispatch.needs import need_of
from penstock.engine import Grant, GrantSettlement, Lease, Member
from penstock.ledger import Failure, Outcome, StartedTask, Status
from penstock.ledger.transitions import CANCELLED
from penstock.plugins import Catalogue, Plugin, discover
from penstock.plugins.installed import InstalledPlugins
from penstock.processes.error_report import HandlerError
from penstock.processes.pool import ProcessPool
from penstock.processes.size_limits import SizeLimits
from penstock.selected_plugins import loaded
from penstock.testing import typed
from penstock.testing.clock import Clock
from penstock.testing.inline import InlineProcesses
from penstock.testing.memory import (
    HeldProcesses,
    HeldStorage,
    MemoryCheckpoints,
    MemoryFiles,
    MemoryIntake,
    MemoryReports,
    MemorySource,
    NoJitter,
    SettingsGiven,
    Witness,
)
from penstock.testing.run import Child, Run, StartedRun

I = TypeVar("I")  # noqa: E741  (the input's type, as R is the output's)
P = ParamSpec("P")
R = TypeVar("R")
_MEBIBYTE = 1024**2
# The defaults of the settings of these names.
_LIMITS = SizeLimits(
    result=_MEBIBYTE, checkpoint=_MEBIBYTE, progress_message=1024, log_line=16 * 1024
)
_MOST_RUNS = 1000


@cache
def _installed() -> Catalogue:
    """All plugins that are installed here."""
    return loaded(discover())


def declared_providers() -> tuple[Provider, ...]:
    """The providers of all plugins that are installed here."""
    return tuple(_installed().providers.values())


def _declared_settings() -> frozenset[type[Any]]:
    return frozenset(kind for plugin in _installed().plugins for kind in plugin.settings)


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
        self._folder = folder
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._inline = inline
        self._settings = SettingsGiven(_declared_settings)
        self._known: dict[str, TaskType[Any, Any]] = {}
        self._files = MemoryFiles(self._by_id)
        self._store: ArtifactStore | None = None
        self._pool = ProcessPool(_LIMITS, task_log_level=logging.DEBUG)
        # By identity: a task type may have examples, which nobody can hash.
        self._receivers: dict[int, tuple[TaskType[Any, Any], Receiver]] = {}
        self._middlewares: list[TaskiqMiddleware] = []
        self._overrides: dict[Callable[..., Any], Callable[..., Any]] = {}
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
        await self._pool.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    # -- what a test says beforehand ---------------------------------------------------------

    def settings(self, *values: Any) -> None:
        """Have ``ctx.settings(type(value))`` return each of ``values``."""
        for each in values:
            self._settings.give(each)

    def add_middlewares(self, *middlewares: TaskiqMiddleware) -> None:
        """Add taskiq middlewares, before the first run."""
        self._middlewares += middlewares

    def override(self, dependency: Callable[..., Any], by: Callable[..., Any]) -> None:
        """Have ``TaskiqDepends(dependency)`` resolved by another function."""
        self._overrides[dependency] = by

    async def put(
        self, name: str, data: bytes | Path, *, content_type: str = "application/octet-stream"
    ) -> Artifact:
        """Store a file that a handler may open: of an upload, or of an earlier task."""
        return await self._artifacts.put(uuid7(), name, data, content_type=content_type)

    async def bytes_of(self, artifact: Artifact) -> bytes:
        """What a handler stored."""
        return await (await self._artifacts.open(artifact.id)).read()

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
        installed = InstalledPlugins(settings_of=self._settings, provider_list=declared_providers())
        need = need_of(task_type, value, known=_Everything(), installed=installed)
        task = StartedTask(
            id=run.id,
            type=task_type.name,
            queue=task_type.queue.name,
            run=run.runs,
            attempts=0,
            max_attempts=task_type.retry.max_attempts,
            losses=0,
            priority=Priority.NORMAL,
            user_id=user_id,
            provider=need.provider,
            units=need.units,
            input=text.decode(),
            labels=None,
            started_at=datetime.now(UTC),
        )
        run.task = asyncio.get_running_loop().create_task(self._drive(run, task))
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
        delivery = Delivery(StartedTask(**values), _lease(task))
        delivery.use = ProviderUse(
            Grant(id=task.id.bytes, provider=task.provider or "", units=0), _charging(run)
        )
        receiver = self._receiver(run.task_type)
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
        if isinstance(run.task_type, SyncTaskType) and not self._inline:
            running.cancel()
            await asyncio.wait({running})
        else:
            self._under_way.discard(running)
            self._abandoned.add(running)
        run.crashed = asyncio.Event()
        run.attempts -= 1

    def _receiver(self, task_type: TaskType[Any, Any]) -> Receiver:
        if id(task_type) in self._receivers:
            return self._receivers[id(task_type)][1]
        self._known[task_type.name] = task_type
        name = task_type.name.partition(".")[0]
        plugin = Plugin(
            name=name,
            distribution=name,
            version="0",
            queues=[task_type.queue],
            tasks=[task_type],
            providers=declared_providers(),
        )
        catalogue = Catalogue(plugins=[plugin], settings=self._settings)
        broker = Broker(
            catalogue=catalogue,
            dispatch=MemoryIntake(self._by_id, self._known),
            consumer=MemorySource(task_type, catalogue.installed),
        )
        broker.add_middlewares(*self._middlewares, Witness(self._by_id))
        broker.dependency_overrides.update(self._overrides)
        processes = InlineProcesses() if self._inline else self._pool
        receiver = Receiver(
            broker,
            ledger=MemoryCheckpoints(self._by_id),
            artifacts=self._artifacts,
            reports=MemoryReports(self._by_id, _LIMITS),
            processes=HeldProcesses(processes, self.clock),
            limits=_LIMITS,
            drain=0,
            random_source=NoJitter(),
        )
        self._receivers[id(task_type)] = task_type, receiver
        return receiver

    @property
    def _artifacts(self) -> ArtifactStore:
        if self._store is None:
            folder = self._folder
            if folder is None:
                self._temporary = tempfile.TemporaryDirectory(prefix="penstock-harness-")
                folder = Path(self._temporary.name)
            storage = HeldStorage(folder / "artifacts", self.clock)
            self._store = ArtifactStore(ledger=self._files, storage=storage)
        return self._store


class _Everything(frozenset[str]):
    __slots__ = ()

    def __contains__(self, name: object) -> bool:
        return True


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
