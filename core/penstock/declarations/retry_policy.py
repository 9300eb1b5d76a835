"""How often and how soon a failed task is tried again."""

import math
import random
from dataclasses import dataclass
from datetime import timedelta

from penstock.declarations import checks
from penstock.declarations.errors import DeclarationError

# What the ledger's column holds, and more than anybody waits for.
_MOST_ATTEMPTS = 2**31 - 1


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Exponential backoff with jitter.

    Attributes:
        max_attempts: how often a task may run in all, the first run included.
        initial_interval: the wait before the second attempt.
        backoff_coefficient: each further wait is this many times the one before.
        max_interval: no wait is longer.
        jitter: a ± fraction of the wait, drawn anew each time; 0 is none, 1 is full.
        non_retryable: exception types that fail the task at once.
    """

    max_attempts: int = 3
    initial_interval: timedelta = timedelta(seconds=2)
    backoff_coefficient: float = 2.0
    max_interval: timedelta = timedelta(hours=1)
    jitter: float = 0.1
    non_retryable: tuple[type[BaseException], ...] = ()

    def __post_init__(self) -> None:
        checks.at_least_one(self.max_attempts, of="RetryPolicy.max_attempts")
        if self.max_attempts > _MOST_ATTEMPTS:
            message = (
                f"expected RetryPolicy.max_attempts to be at most {_MOST_ATTEMPTS}, "
                f"got {self.max_attempts!r}"
            )
            raise DeclarationError(message)
        checks.positive(self.initial_interval, of="RetryPolicy.initial_interval")
        checks.positive(self.max_interval, of="RetryPolicy.max_interval")
        if not _is_number(self.backoff_coefficient) or not self.backoff_coefficient >= 1:
            message = (
                "expected RetryPolicy.backoff_coefficient to be at least 1, "
                f"got {self.backoff_coefficient!r}"
            )
            raise DeclarationError(message)
        if not _is_number(self.jitter) or not 0 <= self.jitter <= 1:
            message = f"expected RetryPolicy.jitter to be from 0 to 1, got {self.jitter!r}"
            raise DeclarationError(message)
        checks.instance(self.non_retryable, tuple, of="RetryPolicy.non_retryable")
        given: tuple[object, ...] = self.non_retryable
        for each in given:
            if not (isinstance(each, type) and issubclass(each, BaseException)):
                message = (
                    "expected RetryPolicy.non_retryable to be a tuple of exception types, "
                    f"got {each!r} in it"
                )
                raise DeclarationError(message)

    def delay(self, attempt: int, random_source: random.Random) -> timedelta:
        """The wait after failed attempt number ``attempt`` (from 1), jitter included."""
        longest = self.max_interval.total_seconds()
        try:
            factor = float(self.backoff_coefficient) ** (attempt - 1)
        except OverflowError:
            factor = math.inf
        seconds = min(self.initial_interval.total_seconds() * factor, longest)
        seconds *= 1 + self.jitter * random_source.uniform(-1, 1)
        # Not by min() of the two in seconds: as a float the longest timedelta is too long for one.
        return self.max_interval if seconds >= longest else timedelta(seconds=seconds)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
