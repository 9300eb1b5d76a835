"""What the API says of what holds for queues, providers and task types, and who says so."""

from collections.abc import Sequence

import msgspec

from penstock.cli.answer import Answer


class PolicyValue(msgspec.Struct, kw_only=True):
    """What holds, and who says so."""

    value: str
    origin: str
    source: str = ""
    changed_at: str | None = None
    said_of: str = ""

    @property
    def who(self) -> str:
        """Who says so, for people."""
        since = f", {self.changed_at}" if self.changed_at else ""
        return f"{self.origin} ({self.source}{since})" if self.source else self.origin


class QueuePolicy(Answer, kw_only=True):
    """What the API says about a queue."""

    name: str
    paused: bool
    draining: bool
    policy: dict[str, PolicyValue]


class Purge(msgspec.Struct, kw_only=True):
    """What a purge did: how many tasks it cancelled, and whether others are left."""

    cancelled: int
    complete: bool
    before: str


class ProviderPolicy(Answer, kw_only=True):
    """What the API says about a provider."""

    name: str
    policy: dict[str, PolicyValue]


class ExplainedValue(PolicyValue, kw_only=True):
    """One of the values that hold for a task type; ``over`` is what does not count beside it."""

    of: str
    knob: str
    unit: str = ""
    over: Sequence[PolicyValue] = ()


class TaskPolicy(Answer, kw_only=True):
    """What the API says about a task type's policy."""

    name: str
    plugin: str
    queue: str
    provider: str | None = None
    provider_by_input: bool = False
    policy: list[ExplainedValue]
