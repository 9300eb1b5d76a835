"""The grants that this worker holds, shared with the heartbeat thread."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable

from penstock.engine import Grant


class GrantTable:
    """A thread-safe set of grants of providers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._grants: dict[bytes, Grant] = {}

    def add(self, grants: Iterable[Grant]) -> None:
        """Renew ``grants`` from now on."""
        with self._lock:
            self._grants.update((each.id, each) for each in grants)

    def remove(self, grant: Grant) -> None:
        """Renew ``grant`` no longer."""
        with self._lock:
            self._grants.pop(grant.id, None)

    def holds(self, grant: Grant) -> bool:
        """Whether ``grant`` is to be renewed."""
        with self._lock:
            return grant.id in self._grants

    def by_provider(self) -> dict[str, list[Grant]]:
        """All grants now."""
        grants: dict[str, list[Grant]] = defaultdict(list)
        with self._lock:
            for each in self._grants.values():
                grants[each.provider].append(each)
        return grants
