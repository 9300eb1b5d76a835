"""How often and how soon a failed task is tried again."""

import random
from dataclasses import dataclass
from datetime import timedelta

from penstock.declarations import checks
from penstock.declarations.errors import DeclarationError


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
        checks.positive(self.initial_interval, of="RetryPolicy.initial_interval")
        checks.positive(self.max_interval, of="RetryPolicy.max_interval")
        if not self.backoff_coefficient >= 1:
            message = (
                "expected RetryPolicy.backoff_coefficient to be at least 1, "
                f"got {self.backoff_coefficient!r}"
            )
            raise DeclarationError(message)
        if not 0 <= self.jitter <= 1:
            message = f"expected RetryPolicy.jitter to be from 0 to 1, got {self.jitter!r}"
            raise DeclarationError(message)

    def delay(self, attempt: int, random_source: random.Random) -> timedelta:
        """The wait after failed attempt number ``attempt`` (from 1), jitter included."""
        # The exponent is bounded so that a policy with very many attempts cannot overflow a float.
        factor = self.backoff_coefficient ** min(attempt - 1, 64)
        seconds = min(
            self.initial_interval.total_seconds() * factor, self.max_interval.total_seconds()
        )
        seconds *= 1 + self.jitter * random_source.uniform(-1, 1)
        return timedelta(seconds=seconds)
