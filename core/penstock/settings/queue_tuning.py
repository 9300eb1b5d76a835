"""What the operator says of queues, over what their plugins declare.

``PENSTOCK_QUEUE_AI_CONCURRENCY=8`` is the concurrency of queue ``ai``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from penstock.declarations import checks
from penstock.settings import limits, readers, tuning
from penstock.settings.tuning import TuningKnob

PREFIX = tuning.prefix("queue")
_WEIGHT = re.compile(r"\d{1,3}(?:\.\d{1,9})?", re.ASCII)


def _weights(value: str) -> dict[str, float]:
    expected = "users with numbers from 0.01 to 100, each user once, like alice=3,bob=0.5, or none"
    found: dict[str, float] = {}
    for each in [] if value == "none" else value.split(","):
        user, _, number = (part.strip() for part in each.rpartition("="))
        weight = float(number) if _WEIGHT.fullmatch(number) else 0.0
        if not user or user in found or not checks.LEAST_WEIGHT <= weight <= checks.MOST_WEIGHT:
            raise ValueError(expected)
        found[user] = weight
    return found


class QueueKnob(TuningKnob):
    """One thing that can be said of each queue, at run time as well."""

    def variable(self, queue: str) -> str:
        """The variable that says it of ``queue``."""
        return tuning.variable_of("queue", queue, self)


QUEUE_KNOBS = (
    QueueKnob(
        suffix="CONCURRENCY",
        field="concurrency",
        kind="whole number",
        read=readers.whole_number(least=1, most=limits.MOST),
        doc="How many of its tasks one worker process runs at once.",
    ),
    QueueKnob(
        suffix="GLOBAL_CONCURRENCY",
        field="global_concurrency",
        kind="whole number or none",
        read=limits.limit,
        doc="How many of its tasks run at once across all workers.",
    ),
    QueueKnob(
        suffix="RATE_LIMIT",
        field="rate_limit",
        kind="starts/time or none",
        read=limits.rate_limit,
        doc="How often its tasks start across all workers: `10/1s`, `100/1m`.",
    ),
    QueueKnob(
        suffix="MAX_WAITING",
        field="max_waiting",
        kind="whole number or none",
        read=limits.limit,
        doc="How many of its tasks may wait; a submit beyond it is refused.",
    ),
    QueueKnob(
        suffix="USER_MAX_WAITING",
        field="user_max_waiting",
        kind="whole number or none",
        read=limits.limit,
        doc="How many tasks of one user may wait in it; a submit beyond it is refused.",
    ),
    QueueKnob(
        suffix="USER_CONCURRENCY",
        field="user_concurrency",
        kind="whole number or none",
        read=limits.limit,
        doc="How many tasks of one user run at once across all workers.",
    ),
    QueueKnob(
        suffix="USER_RATE_LIMIT",
        field="user_rate_limit",
        kind="starts/time or none",
        read=limits.rate_limit,
        doc="How often tasks of one user start across all workers.",
    ),
    QueueKnob(
        suffix="USER_WEIGHTS",
        field="user_weights",
        kind="users and numbers or none",
        read=_weights,
        doc="The shares of users, where 1 is everybody else's: `alice=3,bob=0.5`.",
    ),
    QueueKnob(
        suffix="MAX_ATTEMPTS",
        field="max_attempts",
        kind="whole number",
        read=readers.whole_number(least=1, most=limits.MOST),
        doc="How often each of its tasks may run in all, the first run included.",
    ),
)
"""``field`` is one of :class:`~penstock.Queue`, or ``max_attempts`` of its retry policies."""


def read(
    queues: Collection[str], variables: Mapping[str, str], *, complete: bool = True
) -> dict[str, dict[str, object]]:
    """What ``variables`` say of ``queues``: see :func:`penstock.settings.tuning.read`."""
    return tuning.read("queue", queues, QUEUE_KNOBS, variables, complete=complete)
