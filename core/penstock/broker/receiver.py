"""taskiq's receiver, taught the ledger's protocol.

Overridden is what taskiq 0.13 does with one message: it swallows a cancellation and saves it as
the result, drops names it does not know, and lets a failing middleware lose the task. Here every
run ends in exactly one outcome, or was superseded. Its prefetcher is left out: the consumer claims
for free slots only, so that whatever it delivers can begin at once. Middlewares, dependencies and
labels are honoured as taskiq does it.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import Any

import msgspec
from taskiq import Context as TaskiqContext
from taskiq import TaskiqMessage, TaskiqResult, TaskiqState
from taskiq.receiver import Receiver as TaskiqReceiver

from penstock import background
from penstock.broker import middlewares, outcomes
from penstock.broker.broker import Broker
from penstock.broker.context import TaskContext
from penstock.broker.delivery import Delivery
from penstock.broker.outcomes import DeadlineExceededError, HandlerTimeoutError
from penstock.broker.ports import CheckpointStore, HandlerProcesses, Reporter
from penstock.broker.results import as_result
from penstock.broker.time_limit import TimeLimit
from penstock.declarations import (
    Interruption,
    PermanentError,
    SyncTaskType,
    TaskType,
    task_input,
)
from penstock.declarations.unfit import UnfitError
from penstock.dispatch import ArtifactStore
from penstock.ledger import Outcome, StartedTask, Status
from penstock.processes.conversation import OverdueError
from penstock.processes.error_report import ErrorReport, HandlerError
from penstock.processes.size_limits import SizeLimits
from penstock.secrecy import Mask

# Names as short as this are written in capitals: the worker of queue `ai` is "AI Worker".
_ACRONYM = 2
_log = logging.getLogger("penstock.worker")


class Receiver(TaskiqReceiver):
    """Runs the tasks of one queue.

    Args:
        broker: with a consumer.
        ledger: where handlers keep checkpoints.
        artifacts: where handlers put files.
        reports: takes what handlers say.
        processes: where ``def`` handlers run.
        limits: how large what they hand over may be.
        drain: seconds to wait for running tasks at the end.
        mask: hides secrets in what handlers fail with.
        random_source: where the jitter of retries comes from.
    """

    broker: Broker

    def __init__(  # noqa: PLR0913  (explicit dependencies, all but the first by keyword)
        self,
        broker: Broker,
        *,
        ledger: CheckpointStore,
        artifacts: ArtifactStore,
        reports: Reporter,
        processes: HandlerProcesses,
        limits: SizeLimits,
        drain: float,
        mask: Mask | None = None,
        random_source: random.Random | None = None,
    ) -> None:
        self.consumer = broker.require_consumer()
        queue = self.consumer.queue
        super().__init__(
            broker,
            validate_params=False,
            max_async_tasks=queue.concurrency,
            run_startup=False,
            wait_tasks_timeout=drain,
        )
        self._ledger = ledger
        self._artifacts = artifacts
        self._reports = reports
        self._processes = processes
        self._limits = limits
        self._mask = mask or Mask()
        self._random = random_source or random.Random()  # noqa: S311  (jitter, not a secret)
        self._label = queue.name.upper() if len(queue.name) <= _ACRONYM else queue.name.capitalize()

    async def listen(self, finish_event: asyncio.Event) -> None:
        """Run what the consumer delivers until ``finish_event``, then wait for what still runs.

        For as long as the drain limit; what runs beyond it is the consumer's to interrupt.
        """
        running: set[asyncio.Task[None]] = set()
        pump = asyncio.create_task(self._pump(running), name=f"pump-{self.consumer.queue.name}")
        finished = asyncio.create_task(finish_event.wait())
        try:
            await asyncio.wait({pump, finished}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            finished.cancel()
            await background.end(pump)
        if not pump.cancelled():
            pump.result()
        if running:
            await asyncio.wait(running, timeout=self.wait_tasks_timeout)

    async def _pump(self, running: set[asyncio.Task[None]]) -> None:
        while True:
            for delivery in await self.consumer.deliveries():
                # Before its first step, which may be the last one of this process.
                self._log_start(delivery.task)
                task = asyncio.create_task(self.run(delivery))
                running.add(task)
                task.add_done_callback(running.discard)

    async def run(self, message: Delivery) -> None:
        """Run one delivery, and hand its outcome to the consumer."""
        task = message.task
        started = time.monotonic()
        task_type = self.consumer.task_type(task.type)
        # Only middlewares, and callers by .kiq(), whose tasks have labels, want what taskiq knows.
        is_seen = bool(self.broker.middlewares) or task.labels is not None
        taskiq_message = message.message(None) if is_seen else None
        error: BaseException | None = None
        try:
            value = await self._run(message, task_type, taskiq_message)
            outcome = outcomes.success(task, task_type, value, most=self._limits.result)
        except KeyboardInterrupt:
            raise
        except BaseException as raised:  # a handler's SystemExit is its failure, too
            if _uncancel() and message.interruption is None:
                raise
            error, outcome = self._failed(message, task_type, raised)
        self._log_outcome(task.type, outcome, time.monotonic() - started)
        if taskiq_message is not None:
            result = as_result(outcome.result, error, taskiq_message.labels, started)
            await self._report(taskiq_message, result, error)
        if taskiq_message is not None and self._is_awaited(message):
            self.consumer.finish(
                message,
                outcome,
                lambda recorded: self._announce(message, taskiq_message, recorded, result),
            )
        else:
            self.consumer.finish(message, outcome)

    def _failed(
        self, delivery: Delivery, task_type: TaskType[Any, Any], raised: BaseException
    ) -> tuple[BaseException, Outcome]:
        """The error to tell of, and the outcome: why it was stopped weighs more than how."""
        match delivery.interruption:
            case Interruption("shutdown" | "lease_lost"):
                # If another run has begun, the fence drops this; if not, nothing was lost.
                return raised, outcomes.handed_back(delivery.task)
            case Interruption("cancelled", reason):
                return raised, outcomes.cancelled(delivery.task, reason)
            case Interruption("timeout", reason):
                # The traceback of the cause says what it was doing.
                timeout = HandlerTimeoutError(reason)
                timeout.__cause__ = raised
                raised = timeout
            case Interruption("deadline", reason):
                late = DeadlineExceededError(reason)
                late.__cause__ = raised
                raised = late
        report = ErrorReport.of(raised)
        masked = report.masked(self._mask)
        if masked is not report:
            raised = HandlerError(masked)
        delivery.refusal = outcomes.refusal(delivery.task, masked)
        return raised, outcomes.failure(delivery.task, task_type, masked, self._random)

    async def _run(
        self, delivery: Delivery, task_type: TaskType[Any, Any], message: TaskiqMessage | None
    ) -> Any:
        """Call the handler as its task type says; ``message`` if anybody wants to see it."""
        if delivery.interruption is not None:
            raise asyncio.CancelledError(delivery.interruption.message)
        try:
            value = task_type.input.decode(delivery.task.input)
        except UnfitError as error:
            # It fitted when it was accepted: the plugin has changed since.
            owner = self.broker.catalogue.owner_of(task_type.name)
            declared_by = f"{owner.distribution} {owner.version}"
            raise task_input.incompatible(task_type.name, error, declared_by=declared_by) from error
        text = delivery.task.input
        context = TaskContext(
            delivery,
            ledger=self._ledger,
            dispatch=self.broker.dispatch,
            artifacts=self._artifacts,
            reports=self._reports,
            installed=self.consumer.installed,
            max_checkpoint_bytes=self._limits.checkpoint,
        )
        limit = TimeLimit(delivery, task_type.timeout)
        delivery.running_in = asyncio.current_task()
        try:
            if not isinstance(task_type, SyncTaskType):
                # That of a process starts when there is one.
                limit.start()
            if message is not None:
                message.args = [value]
                for middleware in self.broker.middlewares:
                    if middlewares.overrides(middleware, "pre_execute"):
                        message = await middlewares.call(middleware, "pre_execute", message)
                        value = message.args[0]
                        text = task_type.input.encode(value).decode()
            if isinstance(task_type, SyncTaskType):
                return await self._run_in_process(delivery, task_type, text, context, limit)
            return await self._call(delivery, task_type, value, message, context)
        finally:
            delivery.running_in = None
            limit.stop()

    async def _run_in_process(
        self,
        delivery: Delivery,
        task_type: SyncTaskType[Any, Any],
        text: str,
        context: TaskContext,
        limit: TimeLimit,
    ) -> msgspec.Raw:
        """Run a ``def`` handler with ``text`` as its input; its output is JSON as well."""
        plugin = self.broker.catalogue.owner_of(task_type.name).name
        try:
            return await self._processes.run(
                task_type, text, context, plugin=plugin, timeout=limit.left, on_start=limit.start
            )
        except OverdueError:
            # The event loop was blocked, or it would have stopped the run in time. There is nothing
            # left to cancel: that would hit whatever this task awaits next.
            delivery.running_in = None
            limit.pass_()
            raise

    async def _call(
        self,
        delivery: Delivery,
        task_type: TaskType[Any, Any],
        value: Any,
        message: TaskiqMessage | None,
        context: TaskContext,
    ) -> Any:
        """Run an ``async def`` handler, with what it depends on."""
        arguments: dict[str, Any] = {task_type.input_parameter: value}
        if task_type.context_parameter is not None:
            arguments[task_type.context_parameter] = context
        graph = self.dependency_graphs[task_type.name]
        if graph.is_empty():
            return await task_type.handler(**arguments)
        # A copy: taskiq shares one dictionary between all tasks, and they would see each other's.
        known = dict(self.broker.custom_dependency_context)
        known[TaskiqContext] = TaskiqContext(message or delivery.message(value), self.broker)
        known[TaskiqState] = self.broker.state
        dependencies = graph.async_ctx(known, self.broker.dependency_overrides or None)
        try:
            resolved = await dependencies.resolve_kwargs()
            result = await task_type.handler(**{**resolved, **arguments})
        except BaseException as error:
            await dependencies.close(type(error), error, error.__traceback__)
            raise
        await dependencies.close(None, None, None)
        return result

    async def _report(
        self, message: TaskiqMessage, result: TaskiqResult[Any], error: BaseException | None
    ) -> None:
        """Tell the middlewares; one that fails is logged, the outcome stands."""
        for middleware in reversed(self.broker.middlewares):
            try:
                if error is not None and middlewares.overrides(middleware, "on_error"):
                    await middlewares.call(middleware, "on_error", message, result, error)
                if middlewares.overrides(middleware, "post_execute"):
                    await middlewares.call(middleware, "post_execute", message, result)
            except Exception:  # noqa: BLE001
                _log.exception("task %s: middleware %r failed", message.task_id, middleware)

    def _is_awaited(self, delivery: Delivery) -> bool:
        """Whether anybody is to be told of the outcome once it is committed."""
        return delivery.task.labels is not None or any(
            middlewares.overrides(each, "post_save") for each in self.broker.middlewares
        )

    async def _announce(
        self,
        delivery: Delivery,
        message: TaskiqMessage,
        outcome: Outcome,
        result: TaskiqResult[Any],
    ) -> None:
        """After the commit: let a caller of ``wait_result()`` and the middlewares know."""
        if outcome.status is Status.PENDING:
            return
        if outcome.error is not None and result.error is None:
            result = result.model_copy(
                update={"is_err": True, "error": PermanentError(outcome.error.message)}
            )
        if delivery.task.labels is not None:
            await self.broker.result_backend.set_result(message.task_id, result)
        for middleware in reversed(self.broker.middlewares):
            if middlewares.overrides(middleware, "post_save"):
                await middlewares.call(middleware, "post_save", message, result)

    def _log_start(self, task: StartedTask) -> None:
        _log.info(
            "[%s Worker] Processing task... %s %s (attempt %d of %d)",
            self._label,
            task.type,
            task.id,
            task.attempts,
            task.max_attempts,
        )

    def _log_outcome(self, type_name: str, outcome: Outcome, seconds: float) -> None:
        error = f": {outcome.error.code}: {outcome.error.message}" if outcome.error else ""
        if outcome.status is Status.SUCCESS:
            what, level = "Task succeeded", logging.INFO
        elif outcome.status is Status.PENDING:
            what, level = "Task will run again", logging.WARNING
        elif outcome.status is Status.CANCELLED:
            what, level = "Task was cancelled", logging.WARNING
        else:
            what, level = "Task failed", logging.ERROR
        _log.log(
            level,
            "[%s Worker] %s: %s %s after %.3f s%s",
            self._label,
            what,
            type_name,
            outcome.id,
            seconds,
            error,
        )


def _uncancel() -> bool:
    """Take back the cancellation of this very task, if there was one."""
    current = asyncio.current_task()
    cancelled = False
    while current is not None and current.cancelling():
        current.uncancel()
        cancelled = True
    return cancelled
