"""How queues and services are, as the API shows it."""

from __future__ import annotations

from typing import Literal

import msgspec


class QueueStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A queue at a glance.

    ``waiting``, ``active`` and ``delayed`` are now; ``completed``, ``failed`` and ``cancelled`` are
    ever; ``workers`` is how many live worker processes serve it; ``parked`` is how many tasks wait
    for a worker that knows their type.
    """

    waiting: int
    active: int
    completed: int
    failed: int
    delayed: int
    cancelled: int
    workers: int
    parked: int


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """A service that Penstock needs. ``latency_ms`` is ``None`` when it is down."""

    status: Literal["up", "down"]
    latency_ms: float | None = None
    detail: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether tasks can be taken and run. ``workers`` counts live worker processes by queue."""

    status: Literal["ok", "unavailable"]
    redis: Component
    database: Component
    workers: dict[str, int]
