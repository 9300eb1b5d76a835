"""Retries: the delays between attempts are those of the policy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from penstock.declarations import PermanentError, RateLimitedError, Snooze, TransientError
from penstock.testing.contract.trial import Trial
from penstock.testing.harness import Harness
from penstock.testing.memory import NoJitter


async def faults(trial: Trial, harness: Harness, value: Any) -> Iterator[str]:
    """How attempts at ``value``, an input that fails, differ from the policy."""
    policy = trial.task_type.retry
    run = await harness.start(trial.task_type, value)
    found: list[str] = []
    if run.error is None:
        found.append(
            f"{trial.what} succeeded with an input that was to fail ('failing' of the test); give "
            "one that fails each time"
        )
        return iter(found)
    last = run.exception
    if isinstance(last, (PermanentError, RateLimitedError, Snooze, *policy.non_retryable)):
        expected: list[timedelta] = []
        attempts = 1
    else:
        attempts = policy.max_attempts
        expected = [policy.delay(each, NoJitter()) for each in range(1, attempts)]
        if isinstance(last, TransientError) and last.retry_after is not None:
            expected = [last.retry_after] * (attempts - 1)
    if run.attempts != attempts or _rounded(run.delays) != _rounded(expected):
        found.append(
            f"{trial.what} was tried {run.attempts} times with delays of {_shown(run.delays)}, "
            f"expected {attempts} attempts with delays of {_shown(expected)} by its policy "
            f"({policy}); raise TransientError or RateLimitedError and leave the waiting to the "
            "policy"
        )
    slept = harness.clock.skipped - sum(run.delays, timedelta(0))
    if slept > timedelta(seconds=1) + sum(expected, timedelta(0)):
        found.append(
            f"{trial.what} waited {slept} within its runs while it failed, longer than its policy "
            "would: it tries again by itself and holds a slot meanwhile; raise TransientError"
        )
    return iter(found)


def _rounded(delays: list[timedelta]) -> list[float]:
    return [round(each.total_seconds(), 2) for each in delays]


def _shown(delays: list[timedelta]) -> str:
    return ", ".join(f"{each.total_seconds():g} s" for each in delays) or "none"
