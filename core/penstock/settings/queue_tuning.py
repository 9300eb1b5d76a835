"""What the operator says of queues, over what their plugins declare.

``PENSTOCK_QUEUE_AI_CONCURRENCY=8`` is the concurrency of queue ``ai``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches

from penstock.declarations import RateLimit
from penstock.settings import readers
from penstock.settings.errors import SettingsError

PREFIX = "PENSTOCK_QUEUE_"
_MOST = 1_000_000
_SHORTEST = 0.001
_RATE = re.compile(r"(?P<limit>[1-9]\d{0,6})/(?P<number>\d{1,9}(?:\.\d{1,9})?)(?P<unit>ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, kw_only=True)
class QueueKnob:
    """One thing that can be said of each queue.

    Attributes:
        suffix: the end of the variable's name.
        field: what it replaces: a field of ``Queue``, or ``max_attempts`` of its retry policies.
        kind: the type, in a word or two for people.
        read: from the text to the value; its ``ValueError`` says what is expected.
        doc: one line for people.
    """

    suffix: str
    field: str
    kind: str
    read: Callable[[str], object]
    doc: str

    def variable(self, queue: str) -> str:
        """The variable that says it of ``queue``."""
        return f"{_prefix(queue)}{self.suffix}"

    def write(self, value: object) -> str:
        """The text that :attr:`read` makes ``value`` of."""
        match value:
            case None:
                return "none"
            case RateLimit():
                return f"{value.limit}/{_period(value.period)}"
            case Mapping():
                return ",".join(f"{name}={each}" for name, each in value.items()) or "none"
        return str(value)


def _period(period: timedelta) -> str:
    """In the largest unit of which it is a whole number, or else in the largest that it exceeds."""
    seconds = period.total_seconds()
    unit = next((each for each in ("h", "m", "s") if not seconds % _UNITS[each]), None)
    unit = unit or ("s" if seconds > 1 else "ms")
    return f"{seconds / _UNITS[unit]:.6f}".rstrip("0").rstrip(".") + unit


def _rate_limit(value: str) -> RateLimit | None:
    if value == "none":
        return None
    found = _RATE.fullmatch(value)
    seconds = float(found["number"]) * _UNITS[found["unit"]] if found else 0
    longest = timedelta(days=366).total_seconds()
    if found is None or not _SHORTEST <= seconds <= longest or int(found["limit"]) > _MOST:
        raise ValueError("a number of starts per time, like 10/1s, 100/1m or 5/500ms, or none")
    return RateLimit(limit=int(found["limit"]), period=timedelta(seconds=seconds))


def _limit(value: str) -> int | None:
    if value == "none":
        return None
    try:
        return readers.whole_number(least=1, most=_MOST)(value)
    except ValueError as error:
        raise ValueError(f"{error}, or none") from None


QUEUE_KNOBS = (
    QueueKnob(
        suffix="CONCURRENCY",
        field="concurrency",
        kind="whole number",
        read=readers.whole_number(least=1, most=_MOST),
        doc="How many of its tasks one worker process runs at once.",
    ),
    QueueKnob(
        suffix="GLOBAL_CONCURRENCY",
        field="global_concurrency",
        kind="whole number or none",
        read=_limit,
        doc="How many of its tasks run at once across all workers.",
    ),
    QueueKnob(
        suffix="RATE_LIMIT",
        field="rate_limit",
        kind="starts/time or none",
        read=_rate_limit,
        doc="How often its tasks start across all workers: `10/1s`, `100/1m`.",
    ),
    QueueKnob(
        suffix="MAX_ATTEMPTS",
        field="max_attempts",
        kind="whole number",
        read=readers.whole_number(least=1, most=_MOST),
        doc="How often each of its tasks may run in all, the first run included.",
    ),
)


def read(
    queues: Collection[str], variables: Mapping[str, str], *, complete: bool = True
) -> dict[str, dict[str, object]]:
    """What ``variables`` say of ``queues``: queue → field → value; nothing of what they leave out.

    Args:
        queues: the names of the queues.
        variables: all that is set.
        complete: whether there are no others: a queue of a plugin that is quarantined is no
            reason to stop everything else.

    Raises:
        SettingsError: for the first variable that names no queue or no such field, or whose value
            cannot be honoured.
    """
    known: dict[str, list[tuple[str, QueueKnob]]] = {}
    for queue in queues:
        for knob in QUEUE_KNOBS:
            known.setdefault(knob.variable(queue), []).append((queue, knob))
    found: dict[str, dict[str, object]] = {}
    for name, value in variables.items():
        if not name.startswith(PREFIX):
            continue
        if name not in known:
            if not complete and not any(name.startswith(_prefix(each)) for each in queues):
                continue
            short = {each.removeprefix(PREFIX): each for each in known}
            near = get_close_matches(name.removeprefix(PREFIX), short, n=1)
            remedy = (
                f"did you mean {short[near[0]]}?"
                if near
                else f"the queues are {', '.join(sorted(queues)) or 'none'}, and what can be said "
                f"of each is {', '.join(knob.suffix for knob in QUEUE_KNOBS)}"
            )
            raise SettingsError(f"there is no setting {name}; {remedy}")
        (queue, knob), *others = known[name]
        if others:
            which = " and ".join(sorted(repr(each) for each, _ in known[name]))
            raise SettingsError(f"{name} may mean queue {which}; rename one of them")
        try:
            found.setdefault(queue, {})[knob.field] = knob.read(value)
        except ValueError as error:
            raise SettingsError(f"expected {name} to be {error}, got {value!r}") from None
    return found


def _prefix(queue: str) -> str:
    return f"{PREFIX}{queue.upper().replace('-', '_')}_"
