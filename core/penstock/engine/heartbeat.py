"""Renewing leases from a thread of its own, with a connection of its own.

A handler that blocks the event loop must not lose its task; nothing in here touches the loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from penstock.engine import scripts
from penstock.engine.engine import Lease
from penstock.engine.epoch import known_epoch
from penstock.engine.errors import translated
from penstock.engine.keys import QueueKeys
from penstock.engine.servers import RedisServers


class Heartbeat:
    """The synchronous half of the engine: says that a worker lives, and at last that it left."""

    def __init__(
        self, servers: RedisServers, *, namespace: str, lease: timedelta, worker: str
    ) -> None:
        # Shorter than a lease, so that one slow answer cannot cost it.
        self._client = servers.heartbeat_client(timeout=max(0.2, lease.total_seconds() / 4))
        self._renew = self._client.register_script(scripts.source("renew"))
        self._namespace = namespace
        self._lease_ms = round(lease.total_seconds() * 1000)
        self._worker = worker

    def renew(self, queue: str, leases: Sequence[Lease]) -> list[Lease]:
        """Renew leases of one queue; returns those that were lost.

        Leases of an earlier epoch are adopted into the present one.

        Raises:
            EngineUnavailableError: nothing is known; the tasks go on.
        """
        keys = QueueKeys.of(self._namespace, queue)
        with translated(f"renew leases of queue {queue!r}"):
            epoch = known_epoch(queue, self._client.get(keys.epoch))
            arguments: list[Any] = [epoch, self._worker, self._lease_ms]
            for lease in leases:
                adopt = b"" if lease.epoch == epoch else lease.score
                arguments += (lease.id.bytes, lease.token, adopt)
            refused: Any = self._renew(keys=keys, args=arguments)
        lost = set(refused)
        return [lease for lease in leases if lease.id.bytes in lost]

    def leave(self, queues: Sequence[str]) -> None:
        """Say that this worker serves ``queues`` no longer; if it cannot, it is thought dead soon.

        Raises:
            EngineUnavailableError: nobody was told.
        """
        for queue in queues:
            with translated(f"leave queue {queue!r}"):
                self._client.zrem(QueueKeys.of(self._namespace, queue).workers, self._worker)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()
