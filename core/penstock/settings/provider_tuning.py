"""What the operator says of providers, over what their plugins declare.

``PENSTOCK_PROVIDER_OPENAI_CONCURRENCY=8`` is the concurrency of provider ``openai``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from penstock.settings import limits, tuning
from penstock.settings.tuning import TuningKnob

PREFIX = tuning.prefix("provider")

PROVIDER_KNOBS = (
    TuningKnob(
        suffix="CONCURRENCY",
        field="concurrency",
        kind="whole number or none",
        read=limits.limit,
        doc="How many tasks use it at once, across all queues and workers.",
    ),
    TuningKnob(
        suffix="RATE_LIMIT",
        field="rate_limit",
        kind="starts/time or none",
        read=limits.rate_limit,
        doc="How often tasks that use it start: `10/1s`, `100/1m`.",
    ),
    TuningKnob(
        suffix="UNITS",
        field="units",
        kind="units/time, units/time/burst or none",
        read=limits.unit_limit,
        doc="How many units (tokens, say) they use: `90000/1m`; at most so many at once: "
        "`90000/1m/15000`.",
    ),
)
"""``field`` is one of :class:`~penstock.Provider`."""


def read(
    providers: Collection[str], variables: Mapping[str, str], *, complete: bool = True
) -> dict[str, dict[str, object]]:
    """What ``variables`` say of ``providers``: see :func:`penstock.settings.tuning.read`."""
    return tuning.read("provider", providers, PROVIDER_KNOBS, variables, complete=complete)
