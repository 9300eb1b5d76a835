"""What the operator says of providers, over what their plugins declare.

``PENSTOCK_PROVIDER_OPENAI_CONCURRENCY=8`` is the concurrency of provider ``openai``.
"""

from penstock.settings import limits
from penstock.settings.tuning import Tuned, TuningKnob

PROVIDER_KNOBS = (
    TuningKnob(
        field="concurrency",
        kind="whole number or none",
        unit="tasks",
        read=limits.limit,
        doc="How many tasks use it at once, across all queues and workers.",
    ),
    TuningKnob(
        field="rate_limit",
        kind="starts/time or none",
        unit="starts/time",
        read=limits.rate_limit,
        doc="How often tasks that use it start: `10/1s`, `100/1m`.",
    ),
    TuningKnob(
        field="units",
        kind="units/time, units/time/burst or none",
        unit="units/time",
        read=limits.unit_limit,
        doc="How many units (tokens, say) they use: `90000/1m`; at most so many at once: "
        "`90000/1m/15000`.",
    ),
)
"""``field`` is one of :class:`~penstock.Provider`."""

PROVIDERS = Tuned(kind="provider", word="provider", table="providers", knobs=PROVIDER_KNOBS)
