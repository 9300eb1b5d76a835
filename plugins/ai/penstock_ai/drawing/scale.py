"""The axis of values: round steps, and numbers as people write them."""

import math
from dataclasses import dataclass

_STEPS = (1, 2, 2.5, 5, 10)
_NOTHING = 1e-100


@dataclass(frozen=True, kw_only=True)
class Scale:
    """An axis from ``low`` to ``high``, which are multiples of ``step``; 0 lies between them."""

    low: float
    high: float
    step: float

    @property
    def ticks(self) -> list[float]:
        """All multiples of the step, from low to high."""
        count = round((self.high - self.low) / self.step)
        first = round(self.low / self.step)
        return [(first + index) * self.step for index in range(count + 1)]

    def share(self, value: float) -> float:
        """Where a value lies, from 0 (low) to 1 (high)."""
        return (value - self.low) / (self.high - self.low)


def scale_of(values: list[float], *, steps: int = 5) -> Scale:
    """The smallest axis with round steps, about ``steps`` of them, that holds 0 and all values."""
    low, high = min(0.0, *values), max(0.0, *values)
    if high - low < _NOTHING:
        return Scale(low=0.0, high=1.0, step=0.25)
    rough = (high - low) / steps
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in _STEPS if each * power >= rough * (1 - 1e-9))
    return Scale(
        low=math.floor(low / step + 1e-9) * step,
        high=math.ceil(high / step - 1e-9) * step,
        step=step,
    )


_UNITS = ((1e12, "T"), (1e9, "bn"), (1e6, "M"))


def number(value: float) -> str:
    """A number in at most a few characters, with a true minus sign.

    >>> number(-1234567), number(0.25), number(45000)
    ('−1.235M', '0.25', '45,000')
    """  # noqa: RUF002 - the minus sign is meant
    size = abs(value)
    for unit, name in _UNITS:
        if size >= unit:
            digits = _short(size / unit) + name
            break
    else:
        digits = _short(size)
    return f"\u2212{digits}" if value < 0 and digits.strip("0.") else digits


def _short(size: float) -> str:
    if size >= 1000:  # noqa: PLR2004 - from four digits on, no decimals
        return f"{size:,.0f}"
    if size and size < 0.001:  # noqa: PLR2004 - below, zeros hide the digits
        return f"{size:.1e}".replace("e-0", "e-")
    places = max(0, 3 - math.floor(math.log10(size))) if size else 0
    text = f"{size:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
