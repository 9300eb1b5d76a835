"""What plugins add to a worker: middlewares, and listeners that are told how runs ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from taskiq import TaskiqMiddleware
from taskiq.utils import maybe_awaitable

from penstock.declarations import Installed, Middleware, TaskOutcome
from penstock.declarations.task_listener import RunStatus
from penstock.ledger import Outcome, StartedTask, Status
from penstock.plugins import Plugin, faults
from penstock.secrecy import Mask
from penstock.worker.listener_thread import ListenerThread

_PATIENCE = 10.0
# What else a plugin raises, sys.exit() included, is a fault of that plugin alone.
_FOR_THE_HOST = (KeyboardInterrupt, asyncio.CancelledError)
_STATUSES: dict[Status, RunStatus] = {
    Status.SUCCESS: "success",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
    Status.PENDING: "pending",
}
_log = logging.getLogger("penstock.plugins")


class Extensions:
    """The middlewares and listeners of all plugins, for as long as a worker runs.

    Args:
        plugins: those that loaded, in their order.
        installed: knows what the operator says of them.
        mask: hides secrets in what they fail with.
    """

    def __init__(
        self, plugins: Sequence[Plugin], installed: Installed, *, mask: Mask | None = None
    ) -> None:
        self._plugins = [each for each in plugins if each.middlewares or each.listeners]
        self._read = installed.settings
        self._mask = mask or Mask()
        self._listeners: list[ListenerThread] = []
        self.middlewares: list[TaskiqMiddleware] = []
        """Those that have started, for every queue."""

    @property
    def told(self) -> Callable[[StartedTask, Outcome], None] | None:
        """What to call when an outcome is committed; ``None`` if nobody wants to know."""
        return self._tell if any(each.listeners for each in self._plugins) else None

    async def start(self) -> dict[str, str]:
        """Make and start everything; returns what failed, by the name of its plugin.

        Of a plugin that failed nothing is in force.
        """
        failed: dict[str, str] = {}
        for plugin in self._plugins:
            try:
                await self._start(plugin)
            except _FailedError as error:
                failed[plugin.name] = self._mask(f"{plugin.title} is quarantined: {error}")
                _log.error("%s\n%s", failed[plugin.name], faults.trace(error.__cause__ or error))
        return failed

    async def stop(self) -> None:
        """Stop everything, in the opposite order."""
        middlewares, self.middlewares = self.middlewares, []
        for each in reversed(middlewares):
            await _shut_down(each)
        listeners, self._listeners = self._listeners, []
        await asyncio.gather(*(each.stop() for each in listeners))

    async def _start(self, plugin: Plugin) -> None:
        middlewares: list[TaskiqMiddleware] = []
        listeners: list[ListenerThread] = []
        try:
            for middleware in plugin.middlewares:
                # Not all at once: what has started is to be stopped if the next one fails.
                middlewares.append(await self._started(middleware))  # noqa: PERF401
            for listener in plugin.listeners:
                thread = ListenerThread(listener, self._read, owner=plugin.title)
                listeners.append(thread)
                try:
                    await thread.start()
                except _FOR_THE_HOST:
                    raise
                except BaseException as error:
                    what = f"task listener {listener.name!r} could not be opened"
                    raise _FailedError(what, error) from error
        except _FailedError:
            for each in reversed(middlewares):
                await _shut_down(each)
            await asyncio.gather(*(each.stop() for each in listeners))
            raise
        self.middlewares += middlewares
        self._listeners += listeners

    async def _started(self, middleware: Middleware) -> TaskiqMiddleware:
        what = f"middleware {middleware.name!r}"
        try:
            made = middleware.make(self._read)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise _FailedError(f"{what} could not be made", error) from error
        if not isinstance(made, TaskiqMiddleware):
            raise _FailedError(f"expected {what} to be a taskiq.TaskiqMiddleware, got {made!r}")
        if type(made).startup is not TaskiqMiddleware.startup:
            try:
                async with asyncio.timeout(_PATIENCE):
                    await maybe_awaitable(made.startup())
            except _FOR_THE_HOST:
                raise
            except BaseException as error:
                raise _FailedError(f"{what} could not be started", error) from error
        return made

    def _tell(self, task: StartedTask, outcome: Outcome) -> None:
        # One whose handler was not called, and that waits again, has not run.
        if outcome.status is Status.PENDING and not outcome.ran:
            return
        told = _told(task, outcome)
        for each in self._listeners:
            each.tell(told)


class _FailedError(Exception):
    def __init__(self, what: str, error: BaseException | None = None) -> None:
        super().__init__(what if error is None else f"{what}: {faults.summary(error)}")


async def _shut_down(middleware: TaskiqMiddleware) -> None:
    if type(middleware).shutdown is TaskiqMiddleware.shutdown:
        return
    try:
        async with asyncio.timeout(_PATIENCE):
            await maybe_awaitable(middleware.shutdown())
    except _FOR_THE_HOST:
        raise
    except BaseException:  # noqa: BLE001
        _log.exception("middleware %r could not be shut down", middleware)


def _told(task: StartedTask, outcome: Outcome) -> TaskOutcome:
    error = outcome.error
    return TaskOutcome(
        task_id=task.id,
        type=task.type,
        queue=task.queue,
        user_id=task.user_id,
        batch_id=task.batch_id,
        status=_STATUSES[outcome.status],
        attempt=outcome.attempt,
        max_attempts=task.max_attempts,
        error_code=error.code if error is not None else None,
        error_message=error.message if error is not None else None,
        started_at=outcome.started_at,
        finished_at=outcome.finished_at,
        run_at=outcome.run_at,
    )
