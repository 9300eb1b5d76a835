"""Waits between attempts, at the edges of what can be declared."""

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import DeclarationError, RateLimit, RetryPolicy


@given(
    attempt=st.integers(1, 2**31),
    coefficient=st.one_of(st.floats(1, allow_infinity=True), st.integers(1, 10**9)),
    initial=st.timedeltas(timedelta(microseconds=1)),
    longest=st.timedeltas(timedelta(microseconds=1)),
    jitter=st.floats(0, 1),
    seed=st.integers(),
)
def test_no_wait_is_longer_than_max_interval_whatever_the_policy(
    attempt: int,
    coefficient: float,
    initial: timedelta,
    longest: timedelta,
    jitter: float,
    seed: int,
) -> None:
    policy = RetryPolicy(
        initial_interval=initial,
        backoff_coefficient=coefficient,
        max_interval=longest,
        jitter=jitter,
    )
    assert timedelta(0) <= policy.delay(attempt, random.Random(seed)) <= longest


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"max_attempts": 2**31}, "max_attempts to be at most 2147483647, got 2147483648"),
        ({"backoff_coefficient": "2"}, "backoff_coefficient to be at least 1, got '2'"),
        ({"backoff_coefficient": float("nan")}, "backoff_coefficient to be at least 1, got nan"),
        ({"jitter": None}, "jitter to be from 0 to 1, got None"),
        ({"max_interval": 60}, "max_interval to be a timedelta above zero, got 60"),
        ({"non_retryable": ValueError}, "non_retryable to be a tuple, got <class 'ValueError'>"),
        ({"non_retryable": ("ValueError",)}, "tuple of exception types, got 'ValueError' in it"),
    ],
)
def test_a_policy_that_a_worker_would_stumble_over_is_refused(
    fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(DeclarationError, match=message):
        RetryPolicy(**fields)


def test_a_rate_limit_that_would_limit_nothing_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"RateLimit\.period to be at least 1 ms"):
        RateLimit(limit=1, period=timedelta(microseconds=999))
