"""The heartbeat: a thread that renews leases, and keeps deadlines, whatever the loop is doing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from penstock.broker import GrantTable, LeaseTable
from penstock.engine import EngineUnavailableError, EpochMissingError, Grant, Heartbeat, Lease
from penstock.processes.deadlines import Deadlines
from penstock.worker.watchdog import Watchdog

_LONGEST_RETRY = 1.0
# Of an interval: after an outage leases are renewed before they run out, which may be soon.
_RETRY = 0.2
_log = logging.getLogger(__name__)


class HeartbeatThread:
    """Renews all leases and grants three times per lease, and says which leases were lost.

    In between it kills the processes that are past their deadline.

    Args:
        lost: called on the event loop with each lost lease.
        cancelled: called on the event loop with a queue, and the leases of tasks of it that
            somebody wants cancelled.
        watchdog: is told what each beat brings.
        deadlines: of the runs in processes.
    """

    def __init__(  # noqa: PLR0913  (all but the first by keyword)
        self,
        heartbeat: Heartbeat,
        *,
        leases: LeaseTable,
        grants: GrantTable,
        queues: Sequence[str],
        lease: timedelta,
        lost: Callable[[Lease], None],
        cancelled: Callable[[str, Sequence[Lease]], None],
        watchdog: Watchdog,
        deadlines: Deadlines,
    ) -> None:
        self._heartbeat = heartbeat
        self._leases = leases
        self._grants = grants
        self._queues = queues
        self._interval = lease.total_seconds() / 3
        self._retry = min(self._interval * _RETRY, _LONGEST_RETRY)
        self._lost = lost
        self._cancelled = cancelled
        self._watchdog = watchdog
        self._last_beat = time.monotonic()
        self._has_looked = False
        # Queue -> the run id of its server.
        self._servers: dict[str, str] = {}
        # Those whose node of a cluster has just not answered.
        self._silent: set[str] = set()
        self._suspicious: set[str] = set()
        self._failing: set[str] = set()
        self._is_stopping = False
        self._deadlines = deadlines
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

    @property
    def silent_for(self) -> float:
        """Seconds since it last tried to renew: much more than an interval if it hangs."""
        return time.monotonic() - self._last_beat

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            self._last_beat = time.monotonic()
            self._watchdog.look_at_loop()
            well = self._try(self._look_at_servers, "")
            leases = self._leases.by_queue()
            for queue in self._queues:
                # Each for itself: what is wrong with one queue costs no other its leases.
                beat = partial(self._beat, loop, queue, leases.get(queue, []))
                if queue in self._silent:
                    # To wait for each queue of that node would cost those of others their leases.
                    beat = partial(_skip, queue)
                well &= self._try(beat, queue)
            for provider, grants in self._grants.by_provider().items():
                keep = partial(self._keep, provider, grants)
                well &= self._try(keep, f"provider {provider}")
            self._wait(self._interval if well else self._retry)
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

    def _look_at_servers(self) -> None:
        is_first, self._has_looked = not self._has_looked, True
        self._silent = set()
        servers = self._heartbeat.servers(self._queues)
        self._silent = set(self._queues) - set(servers)
        for queue, server in servers.items():
            if server != self._servers.get(queue):
                if not is_first:
                    # It was restarted, or another one took over: either may have lost leases.
                    self._suspicious.add(queue)
                self._servers[queue] = server

    def _beat(self, loop: asyncio.AbstractEventLoop, queue: str, leases: Sequence[Lease]) -> None:
        suspicious = queue in self._suspicious
        beat = self._heartbeat.renew(queue, leases, may_be_lost=suspicious)
        if beat.lost and not suspicious:
            # Perhaps not the server that was looked at refused them, but one that came after it.
            self._look_at_servers()
            if queue in self._suspicious:
                beat = self._heartbeat.renew(queue, leases, may_be_lost=True)
        self._suspicious.discard(queue)
        self._watchdog.observe(queue, beat.waiting)
        for lease in beat.lost:
            loop.call_soon_threadsafe(self._lost, lease)
        if beat.cancelled:
            loop.call_soon_threadsafe(self._cancelled, queue, beat.cancelled)

    def _keep(self, provider: str, grants: Sequence[Grant]) -> None:
        held = self._grants.holds
        missing = self._heartbeat.renew_grants(provider, grants)
        lost = [each for each in missing if held(each)]
        if not lost:
            return
        self._heartbeat.renew_grants(provider, lost, put_back=True)
        # What was given back in this very moment would be there again.
        if over := [each for each in lost if not held(each)]:
            self._heartbeat.drop_grants(provider, over)

    def _try(self, step: Callable[[], None], what: str) -> bool:
        """Do a step; a failure is logged, once until it works again, and everything goes on."""
        try:
            step()
        except EpochMissingError:
            # Seen for a moment after every fresh start; the reconciler says what it does.
            return False
        except EngineUnavailableError as error:
            # Nothing is known, so everything goes on: the tasks, and trying.
            if what not in self._failing:
                _log.warning("heartbeat: %s", error)
            self._failing.add(what)
            return False
        # Whatever it was, a thread that died would cost every task its lease.
        except Exception:  # noqa: BLE001
            _log.exception("heartbeat")
            return False
        self._failing.discard(what)
        return True


def _skip(queue: str) -> None:
    message = f"the node of the Redis Cluster that holds queue {queue!r} does not answer"
    raise EngineUnavailableError(message)
