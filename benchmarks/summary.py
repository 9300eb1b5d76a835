"""How the figures of several rounds become one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The median of some measurements, with the least and the greatest beside it."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Raises ``ValueError`` without a value."""
        if not values:
            raise ValueError("expected at least one measurement, got none")
        return cls(median=median(values), least=min(values), greatest=max(values))


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least ``percent`` % of the values do not exceed (nearest rank)."""
    if not values:
        raise ValueError("expected at least one measurement, got none")
    if not 0 < percent <= 100:  # noqa: PLR2004  (it is a percentage)
        raise ValueError(f"expected a percentage above 0 and up to 100, got {percent}")
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[rank - 1]
