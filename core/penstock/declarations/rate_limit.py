"""How often the tasks of a queue may start."""

from dataclasses import dataclass
from datetime import timedelta

from penstock.declarations import checks
from penstock.declarations.errors import DeclarationError

# Redis' clock is read in milliseconds: a shorter period would limit nothing.
_SHORTEST = timedelta(milliseconds=1)


@dataclass(frozen=True, kw_only=True)
class RateLimit:
    """At most ``limit`` starts in any window of length ``period``, across the whole cluster.

    Exact: the last ``limit`` start times are kept, and a start is allowed once the oldest of them
    is at least ``period`` ago. It delays and never drops.
    """

    limit: int
    period: timedelta

    def __post_init__(self) -> None:
        checks.at_least_one(self.limit, of="RateLimit.limit")
        checks.positive(self.period, of="RateLimit.period")
        if self.period < _SHORTEST:
            message = (
                f"expected RateLimit.period to be at least 1 ms, got {self.period!r}; "
                "limit the starts in a longer period instead"
            )
            raise DeclarationError(message)
