"""The heartbeat: a thread that renews leases, and keeps deadlines, whatever the loop is doing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from penstock.broker import LeaseTable
from penstock.engine import EngineUnavailableError, EpochMissingError, Heartbeat, Lease
from penstock.processes.deadlines import Deadlines

_RETRY_INTERVAL = 1.0
_log = logging.getLogger(__name__)


class HeartbeatThread:
    """Renews all leases three times per lease, and says which were lost.

    In between it kills the processes that are past their deadline.

    Args:
        lost: called on the event loop with each lost lease.
        deadlines: of the runs in processes.
    """

    def __init__(
        self,
        heartbeat: Heartbeat,
        *,
        leases: LeaseTable,
        queues: Sequence[str],
        lease: timedelta,
        lost: Callable[[Lease], None],
        deadlines: Deadlines,
    ) -> None:
        self._heartbeat = heartbeat
        self._leases = leases
        self._queues = queues
        self._interval = lease.total_seconds() / 3
        self._retry = min(self._interval, _RETRY_INTERVAL)
        self._lost = lost
        self._deadlines = deadlines
        self._is_stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; the calling thread's running loop gets the news."""
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._run, args=(loop,), name="heartbeat", daemon=True
        )
        self._thread.start()

    async def stop(self) -> None:
        """Stop renewing, say that this worker left, and close the connection."""
        self._is_stopping = True
        self._deadlines.changed.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)
        self._heartbeat.close()

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        reachable = True
        while True:
            try:
                self._beat(loop)
            except EpochMissingError:
                # Seen for a moment after every fresh start; the reconciler says what it does.
                reachable = False
            except EngineUnavailableError as error:
                # Nothing is known, so everything goes on: the tasks, and trying.
                if reachable:
                    _log.warning("heartbeat: %s", error)
                reachable = False
            # Whatever it was, a thread that died would cost every task its lease.
            except Exception:  # noqa: BLE001
                _log.exception("heartbeat")
                reachable = False
            else:
                reachable = True
            self._wait(self._interval if reachable else self._retry)
            if self._is_stopping:
                break
        with contextlib.suppress(EngineUnavailableError):
            self._heartbeat.leave(self._queues)

    def _wait(self, seconds: float) -> None:
        """Wait for the next beat, or until this thread shall stop; enforce deadlines meanwhile."""
        until = time.monotonic() + seconds
        while not self._is_stopping and (left := until - time.monotonic()) > 0:
            first = self._deadlines.next_in()
            if first is None or first > 0:
                self._deadlines.changed.wait(left if first is None else min(left, first))
                self._deadlines.changed.clear()
            self._deadlines.enforce()

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        leases = self._leases.by_queue()
        for queue in self._queues:
            held = leases.get(queue, [])
            for lease in self._heartbeat.renew(queue, held):
                loop.call_soon_threadsafe(self._lost, lease)
