"""The processes of a worker: started when they are needed, used again, and replaced when lost."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec

from penstock.declarations import Address, Context, Interruption, SyncTaskType
from penstock.processes import frames, memory
from penstock.processes.child_process import ChildProcess
from penstock.processes.conversation import Conversation, LostBeforeStartError
from penstock.processes.deadlines import Deadlines
from penstock.processes.size_limits import SizeLimits

GRACE = 0.5
"""Seconds that a handler gets to clean up when its run is stopped; then its process is killed."""
_IDLE_TIME = 60.0
# The event loop stops a run at its time limit. Beyond the grace, it does not get to it.
_PATIENCE_WITH_LOOP = 0.5
_SHUTDOWN = Interruption("shutdown", "the worker is shutting down")
_Group = tuple[str, int | None]
_log = logging.getLogger(__name__)


class ProcessPool:
    """Runs ``def`` handlers, each in a process that runs nothing else meanwhile.

    A process serves one plugin only, so that nothing of one plugin's is in memory when another's
    handler runs; and handlers with one limit of memory, so that none begins beyond its own. There
    are never more processes of such a group than it has had runs at once.

    Args:
        limits: how large what handlers hand over may be.
        task_log_level: which lines of their own logs are kept, whatever the level of this
            process's log is; a number of ``logging``.
        idle_time: seconds after which a process that has nothing to do is ended.

    Attributes:
        deadlines: to be enforced by a thread, as the event loop may be blocked.
    """

    def __init__(
        self,
        limits: SizeLimits,
        *,
        task_log_level: int = logging.INFO,
        idle_time: float = _IDLE_TIME,
    ) -> None:
        self.deadlines = Deadlines()
        self._limits = limits
        self._task_log_level = task_log_level
        self._idle_time = idle_time
        self._idle: dict[_Group, list[ChildProcess]] = defaultdict(list)
        self._ending: set[asyncio.Task[None]] = set()
        self._said_that_memory_is_not_limited = False

    async def run(
        self,
        task_type: SyncTaskType[Any, Any],
        input: str,  # noqa: A002  (what the whole project calls it)
        context: Context,
        *,
        plugin: str,
        timeout: timedelta | None = None,
        on_start: Callable[[], object] = lambda: None,
    ) -> msgspec.Raw:
        """Run the handler of ``task_type`` in a process, and return its output as JSON.

        Cancelling this interrupts the handler, and kills its process :data:`GRACE` seconds later
        at most; this ends after that, however often it is cancelled. What the handler returned
        before it was told is returned, what it raised is raised.

        Args:
            task_type: whose handler.
            input: as JSON; it fits.
            context: answers the handler's questions, and says why it is interrupted.
            plugin: the name of the plugin that declares ``task_type``.
            timeout: its process is killed this long after its start and a little later, if the
                event loop did not come to stop it; ``None`` is no limit.
            on_start: called when the handler is about to be called.

        Raises:
            HandlerError: the handler failed, or its process did.
            OverdueError: the process was killed for passing its deadline.
            asyncio.CancelledError: this was cancelled, though the context tells of no interruption.
        """
        self._check_memory(task_type)
        group = (plugin, task_type.max_memory)
        frame = _run_frame(task_type, input, context, self._task_log_level)

        while True:
            process = await self._take(group)

            def started(process: ChildProcess = process) -> None:
                self._limit(process, timeout)
                on_start()

            conversation = Conversation(process, context, on_start=started)
            try:
                return await _hold(conversation, process, frame, context)
            except LostBeforeStartError:
                # It died while it was idle, and nothing was begun: another one will do.
                if process.interrupted:
                    raise
            finally:
                self.deadlines.remove(process.kill_overdue)
                if conversation.is_last or process.interrupted:
                    await _outlast(asyncio.create_task(process.end()))
                else:
                    self._put_back(group, process)

    async def close(self) -> None:
        """End all processes; whatever was run has returned before."""
        for processes in self._idle.values():
            while processes:
                self._retire(processes.pop())
        if self._ending:
            await asyncio.wait(self._ending)

    # -- idle processes --------------------------------------------------------------------------

    async def _take(self, group: _Group) -> ChildProcess:
        idle = self._idle[group]
        # The last one that was used: the others get old, and end.
        while idle:
            process = idle.pop()
            if process.idle_end is not None:
                process.idle_end.cancel()
            if process.is_alive:
                return process
            self._retire(process)
        return await ChildProcess.start(self._limits)

    def _put_back(self, group: _Group, process: ChildProcess) -> None:
        idle = self._idle[group]
        idle.append(process)

        def end() -> None:
            idle.remove(process)
            self._retire(process)

        process.idle_end = asyncio.get_running_loop().call_later(self._idle_time, end)

    def _retire(self, process: ChildProcess) -> None:
        if process.idle_end is not None:
            process.idle_end.cancel()
        task = asyncio.create_task(process.end(grace=GRACE))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    # -- limits ----------------------------------------------------------------------------------

    def _limit(self, process: ChildProcess, timeout: timedelta | None) -> None:
        if timeout is not None:
            seconds = (timeout + timedelta(seconds=GRACE)).total_seconds()
            self.deadlines.add(process.kill_overdue, seconds + _PATIENCE_WITH_LOOP)

    def _check_memory(self, task_type: SyncTaskType[Any, Any]) -> None:
        if task_type.max_memory is None or memory.IS_ENFORCED:
            return
        if not self._said_that_memory_is_not_limited:
            self._said_that_memory_is_not_limited = True
            _log.warning("max_memory of task types is not enforced on this system, only on Linux")


def _run_frame(
    task_type: SyncTaskType[Any, Any], text: str, context: Context, task_log_level: int
) -> frames.Run:
    level = logging.getLogger().getEffectiveLevel()
    return frames.Run(
        handler=Address.of(task_type.handler),
        input_parameter=task_type.input_parameter,
        context_parameter=task_type.context_parameter,
        input=text,
        max_memory=task_type.max_memory,
        log_level=level,
        task_log_level=min(level, task_log_level),
        task_id=context.task_id,
        task_type=context.task_type,
        queue=context.queue,
        user_id=context.user_id,
        provider=context.provider,
        attempt=context.attempt,
        run=context.run,
    )


async def _hold(
    conversation: Conversation, process: ChildProcess, frame: frames.Run, context: Context
) -> msgspec.Raw:
    """Have a conversation; cancelling this makes it short, but not shorter than its end."""
    talking = asyncio.create_task(conversation.hold(frame))
    try:
        return await asyncio.shield(talking)
    except asyncio.CancelledError:
        process.interrupted = True
        process.send(frames.Interrupt(context.interruption or _SHUTDOWN))
        await _outlast(talking, timeout=GRACE)
        if not talking.done():
            process.kill()
            await _outlast(talking)
        # Has been seen, even if nobody asks for it.
        talking.exception()
        if context.interruption is None:
            raise
    return talking.result()


async def _outlast(task: asyncio.Task[Any], *, timeout: float | None = None) -> None:
    """Wait for ``task``, however often this one is cancelled meanwhile."""
    loop = asyncio.get_running_loop()
    until = None if timeout is None else loop.time() + timeout
    while not task.done():
        left = None if until is None else until - loop.time()
        if left is not None and left <= 0:
            return
        try:
            await asyncio.wait({task}, timeout=left)
        except asyncio.CancelledError:
            continue
