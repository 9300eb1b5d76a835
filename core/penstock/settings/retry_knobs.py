"""What can be said of a retry policy: of a task type's, or of those of a whole queue."""

from penstock.settings import limits, readers
from penstock.settings.tuning import TuningKnob

RETRY_KNOBS = (
    TuningKnob(
        field="max_attempts",
        kind="whole number",
        unit="runs",
        read=readers.whole_number(least=1, most=limits.MOST),
        doc="How often a task may run in all, the first run included.",
    ),
    TuningKnob(
        field="initial_interval",
        kind="time",
        unit="time",
        read=limits.duration,
        doc="How long a task waits for its second run: `500ms`, `2s`, `1m30s`.",
    ),
    TuningKnob(
        field="backoff_coefficient",
        kind="number",
        unit="times the wait before",
        read=limits.number(least=1, most=1000),
        doc="How many times as long each further wait is as the one before.",
    ),
    TuningKnob(
        field="max_interval",
        kind="time",
        unit="time",
        read=limits.duration,
        doc="How long it waits at most.",
    ),
    TuningKnob(
        field="jitter",
        kind="number",
        unit="± fraction of the wait",
        read=limits.number(least=0, most=1),
        doc="By what fraction a wait is longer or shorter, drawn anew each time; 1 is full.",
    ),
)
"""``field`` is one of :class:`~penstock.RetryPolicy`."""
