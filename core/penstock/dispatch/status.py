"""How queues and services are, as the API shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec


class QueueStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A queue at a glance.

    ``waiting``, ``active`` and ``delayed`` are now; ``completed``, ``failed`` and ``cancelled`` are
    ever; ``workers`` is how many live worker processes serve it; ``parked`` is how many tasks wait
    for a worker that knows their type; ``paused`` is whether tasks are kept from starting, and
    ``draining`` whether new ones are refused. A queue that is not ``declared`` is one of a plugin
    that is not loaded, or not installed any more, and has open tasks, which wait for it.
    """

    waiting: int
    active: int
    completed: int
    failed: int
    delayed: int
    cancelled: int
    workers: int
    parked: int
    paused: bool = False
    draining: bool = False
    declared: bool = True


class PolicyValue(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a queue, as one would write it into a variable, and who says so.

    ``source`` is an operator's name, a variable or a plugin, as ``origin`` says; empty for a
    default. ``changed_at`` is when the operator said it.
    """

    value: str
    origin: Literal["operator", "environment", "plugin", "default"]
    source: str = ""
    changed_at: datetime | None = None


class QueuePolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a queue at present, by knob.

    ``paused``: nothing new starts. ``draining``: no new tasks are taken.
    """

    name: str
    paused: bool
    draining: bool
    policy: dict[str, PolicyValue]


class Purge(msgspec.Struct, frozen=True, kw_only=True):
    """What a purge did: tasks that waited and were accepted before ``before`` are cancelled.

    ``cancelled`` is how many it were this time; if it was not ``complete`` some are left, and the
    same ``before`` goes on.
    """

    cancelled: int
    complete: bool
    before: datetime


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """A service that Penstock needs. ``latency_ms`` is ``None`` when it is down."""

    status: Literal["up", "down"]
    latency_ms: float | None = None
    detail: str = ""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Whether tasks can be taken and run. ``workers`` counts live worker processes by queue.

    ``degraded``: tasks of the plugins in ``quarantined``, which did not load here, cannot be.
    """

    status: Literal["ok", "degraded", "unavailable"]
    redis: Component
    database: Component
    workers: dict[str, int]
    quarantined: list[str] = []
