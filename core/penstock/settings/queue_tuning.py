"""What the operator says of queues, over what their plugins declare.

``PENSTOCK_QUEUE_AI_CONCURRENCY=8`` is the concurrency of queue ``ai``.
"""

import re

from penstock.declarations import checks
from penstock.settings import limits, readers
from penstock.settings.retry_knobs import RETRY_KNOBS
from penstock.settings.tuning import Tuned, TuningKnob

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


QUEUE_KNOBS = (
    TuningKnob(
        field="concurrency",
        kind="whole number",
        unit="tasks per worker process",
        read=readers.whole_number(least=1, most=limits.MOST),
        doc="How many of its tasks one worker process runs at once.",
    ),
    TuningKnob(
        field="global_concurrency",
        kind="whole number or none",
        unit="tasks",
        read=limits.limit,
        doc="How many of its tasks run at once across all workers.",
    ),
    TuningKnob(
        field="rate_limit",
        kind="starts/time or none",
        unit="starts/time",
        read=limits.rate_limit,
        doc="How often its tasks start across all workers: `10/1s`, `100/1m`.",
    ),
    TuningKnob(
        field="max_waiting",
        kind="whole number or none",
        unit="tasks",
        read=limits.limit,
        doc="How many of its tasks may wait; a submit beyond it is refused.",
    ),
    TuningKnob(
        field="user_max_waiting",
        kind="whole number or none",
        unit="tasks of a user",
        read=limits.limit,
        doc="How many tasks of one user may wait in it; a submit beyond it is refused.",
    ),
    TuningKnob(
        field="user_concurrency",
        kind="whole number or none",
        unit="tasks of a user",
        read=limits.limit,
        doc="How many tasks of one user run at once across all workers.",
    ),
    TuningKnob(
        field="user_rate_limit",
        kind="starts/time or none",
        unit="starts/time of a user",
        read=limits.rate_limit,
        doc="How often tasks of one user start across all workers.",
    ),
    TuningKnob(
        field="user_weights",
        kind="users and numbers or none",
        unit="shares",
        read=_weights,
        doc="The shares of users, where 1 is everybody else's: `alice=3,bob=0.5`.",
    ),
    *RETRY_KNOBS,
)
"""``field`` is one of :class:`~penstock.Queue`, or of all retry policies of its task types."""

QUEUES = Tuned(kind="queue", word="queue", table="queues", knobs=QUEUE_KNOBS)
