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
    """What holds, as one would write it into a variable, and who says so.

    ``origin`` is ``operator`` (at run time), ``environment`` (a variable), ``file``, ``task`` (its
    declaration), ``queue`` (that of its queue), ``plugin`` (the declaration of a queue or a
    provider) or ``default``. ``source`` is the operator's name, the variable, the place in the
    file, or the plugin; empty for a default. ``changed_at`` is when the operator said it.
    """

    value: str
    origin: Literal["operator", "environment", "file", "task", "queue", "plugin", "default"]
    source: str = ""
    changed_at: datetime | None = None


class Claim(PolicyValue, frozen=True, kw_only=True):
    """What somebody says; ``said_of`` is ``task``, ``queue``, ``provider`` or ``installation``."""

    said_of: str


class ExplainedValue(Claim, frozen=True, kw_only=True):
    """A value that holds for a task type.

    ``of`` is whose it is: ``task``, ``queue``, ``user`` (each user of the queue), ``provider`` or
    ``installation``. ``over`` is what others say, which does not count, as this is nearer to the
    task or said by an operator. ``changeable`` is whether an operator can say it at run time.
    """

    of: str
    knob: str
    unit: str
    over: list[Claim]
    changeable: bool


class TaskPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that holds for the tasks of a type at present.

    ``provider`` is the one whose limits they keep to; ``None`` if they need none, or if each task's
    input tells (``provider_by_input``), with the limits of all providers then.
    """

    name: str
    plugin: str
    queue: str
    provider: str | None
    provider_by_input: bool
    policy: list[ExplainedValue]


class ProviderPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for a provider at present, by knob."""

    name: str
    policy: dict[str, PolicyValue]


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
    """A service that Penstock needs. ``latency_ms`` is ``None`` unless it is up.

    ``not_migrated``: the database answers and lacks tables; ``detail`` says what to do.
    """

    status: Literal["up", "down", "not_migrated"]
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
