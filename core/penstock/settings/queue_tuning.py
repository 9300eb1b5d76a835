"""What the operator says of queues, over what their plugins declare.

``PENSTOCK_QUEUE_AI_CONCURRENCY=8`` is the concurrency of queue ``ai``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from penstock.settings import limits, readers, tuning
from penstock.settings.tuning import TuningKnob

PREFIX = tuning.prefix("queue")

QUEUE_KNOBS = (
    TuningKnob(
        suffix="CONCURRENCY",
        field="concurrency",
        kind="whole number",
        read=readers.whole_number(least=1, most=limits.MOST),
        doc="How many of its tasks one worker process runs at once.",
    ),
    TuningKnob(
        suffix="GLOBAL_CONCURRENCY",
        field="global_concurrency",
        kind="whole number or none",
        read=limits.limit,
        doc="How many of its tasks run at once across all workers.",
    ),
    TuningKnob(
        suffix="RATE_LIMIT",
        field="rate_limit",
        kind="starts/time or none",
        read=limits.rate_limit,
        doc="How often its tasks start across all workers: `10/1s`, `100/1m`.",
    ),
    TuningKnob(
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
