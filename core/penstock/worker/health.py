"""What a worker says of itself when an orchestrator asks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from penstock.worker.heartbeat_thread import HeartbeatThread
from penstock.worker.watchdog import Watchdog, Watched

# A heartbeat thread that did not even try for so long will not do so any more.
_MOST_SILENT_LEASES = 3


class WorkerHealth:
    """Local and cheap: asks neither Redis nor the database.

    A handler that blocks the event loop is no reason to start the worker anew: its leases are
    renewed, and the restart would lose what it did so far.
    """

    def __init__(
        self,
        *,
        watchdog: Watchdog,
        heartbeat: HeartbeatThread,
        consumers: Mapping[str, Watched],
        lease: timedelta,
    ) -> None:
        self._watchdog = watchdog
        self._heartbeat = heartbeat
        self._consumers = consumers
        self._lease = lease.total_seconds()
        self.is_stopping = False
        self.missing: list[str] = []
        """What it was to serve and cannot, because a plugin is not there."""

    def fatal(self) -> str:
        """Why this process is of no use any more, and is to be started anew."""
        if self._watchdog.given_up:
            return f"the consumer of queue {self._watchdog.given_up!r} is stuck"
        if self._heartbeat.silent_for > _MOST_SILENT_LEASES * self._lease:
            return f"the heartbeat hangs since {self._heartbeat.silent_for:.0f} s"
        return ""

    def wrong(self) -> str:
        """Why this process does not do all of its work at present."""
        if fatal := self.fatal():
            return fatal
        if self.is_stopping:
            return "it is shutting down"
        if self._watchdog.blocked_for > self._lease:
            return f"a handler blocks the event loop since {self._watchdog.blocked_for:.0f} s"
        for queue, consumer in self._consumers.items():
            if consumer.outage:
                return f"queue {queue!r} waits: {consumer.outage}"
        return "; ".join(self.missing)
