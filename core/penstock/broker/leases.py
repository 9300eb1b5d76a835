"""The leases that this worker holds, shared with the heartbeat thread."""

from __future__ import annotations

import threading
from collections import defaultdict
from uuid import UUID

from penstock.engine import Lease


class LeaseTable:
    """A thread-safe set of leases."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._leases: dict[tuple[str, UUID], Lease] = {}

    def add(self, lease: Lease) -> None:
        """Renew ``lease`` from now on."""
        with self._lock:
            self._leases[lease.queue, lease.id] = lease

    def remove(self, lease: Lease) -> None:
        """Renew ``lease`` no longer; a later lease of the same task stays."""
        with self._lock:
            if self._leases.get((lease.queue, lease.id)) is lease:
                del self._leases[lease.queue, lease.id]

    def by_queue(self) -> dict[str, list[Lease]]:
        """All leases now."""
        leases: dict[str, list[Lease]] = defaultdict(list)
        with self._lock:
            for lease in self._leases.values():
                leases[lease.queue].append(lease)
        return leases
