"""A provider: something outside, usually paid, whose limits all queues and workers share."""

from dataclasses import KW_ONLY, dataclass
from datetime import timedelta

from penstock.declarations import checks
from penstock.declarations.errors import DeclarationError
from penstock.declarations.rate_limit import RateLimit

# Redis' clock is read in milliseconds.
_SHORTEST = timedelta(milliseconds=1)


@dataclass(frozen=True, kw_only=True)
class UnitLimit:
    """At most ``limit`` units (tokens, say) in a ``period``, across the whole cluster.

    A token bucket: it holds up to ``burst`` units (``limit`` if left out) and fills evenly. A task
    starts when the bucket holds what its task type estimates, which is taken out; what it used in
    truth is settled when its handler says so by ``ctx.charge``. So in any window of length
    ``period`` there are at most ``burst + limit`` estimated units. An estimate above ``burst``
    starts with a full bucket, and leaves a debt.
    """

    limit: int
    period: timedelta
    burst: int | None = None

    def __post_init__(self) -> None:
        checks.at_least_one(self.limit, of="UnitLimit.limit")
        checks.positive(self.period, of="UnitLimit.period")
        if self.period < _SHORTEST:
            message = (
                f"expected UnitLimit.period to be at least 1 ms, got {self.period!r}; "
                "limit the units of a longer period instead"
            )
            raise DeclarationError(message)
        if self.burst is not None:
            checks.at_least_one(self.burst, of="UnitLimit.burst")

    @property
    def capacity(self) -> int:
        """How many units the full bucket holds."""
        return self.limit if self.burst is None else self.burst


@dataclass(frozen=True)
class Provider:
    """Something outside that task types need, with limits across all queues and workers.

    A task whose provider is at a limit, or closed by a :class:`RateLimitedError`, waits without
    holding a slot or spending an attempt, and keeps its place among those of its provider.

    Attributes:
        name: lower-case, unique among all installed plugins.
        concurrency: how many tasks use it at once; ``None`` is no limit.
        rate_limit: how often tasks that use it start; ``None`` is no limit.
        units: how many units they use; ``None`` is no limit.
    """

    name: str
    _: KW_ONLY
    concurrency: int | None = None
    rate_limit: RateLimit | None = None
    units: UnitLimit | None = None

    def __post_init__(self) -> None:
        checks.name(self.name, of="provider")
        if self.concurrency is not None:
            checks.at_least_one(self.concurrency, of=f"concurrency of provider {self.name!r}")
        checks.instance(
            self.rate_limit, RateLimit | None, of=f"rate_limit of provider {self.name!r}"
        )
        checks.instance(self.units, UnitLimit | None, of=f"units of provider {self.name!r}")

    @property
    def is_limited(self) -> bool:
        """Whether it has any limit at all."""
        limits = (self.concurrency, self.rate_limit, self.units)
        return any(each is not None for each in limits)
