"""What the operator says of task types, over what their plugins declare.

``PENSTOCK_TASK_AI_TEXT_TIMEOUT=5m`` is the time-out of task type ``ai.text``. Which provider a
task needs cannot be said, as that is what its handler calls; the provider's limits can.
"""

from penstock.settings import limits, readers
from penstock.settings.retry_knobs import RETRY_KNOBS
from penstock.settings.tuning import Tuned, TuningKnob

TASK_KNOBS = (
    TuningKnob(
        field="enabled",
        kind="true or false",
        unit="",
        read=readers.boolean,
        doc="Whether it is there at all: if not, a submit is refused, and what waits is parked.",
    ),
    TuningKnob(
        field="timeout",
        kind="time or none",
        unit="time",
        read=limits.optional_duration,
        doc="After what time a run is stopped, and counts as a failed attempt: `90s`, `5m`.",
    ),
    *RETRY_KNOBS,
    TuningKnob(
        field="unique",
        kind="true or false",
        unit="",
        read=readers.boolean,
        doc="Whether a submit is answered with the open task of the same input and user.",
    ),
    TuningKnob(
        field="max_memory",
        kind="size or none",
        unit="bytes",
        read=limits.memory,
        doc="What the process of a `def` handler may have: `512MiB`, `2GiB`.",
    ),
)
"""``field`` is one of a task type or its :class:`~penstock.RetryPolicy`, or ``enabled``."""

TASKS = Tuned(kind="task", word="task type", table="tasks", knobs=TASK_KNOBS)
