"""The pace of a queue, with a clock that does what a test says."""

from datetime import timedelta

import pytest

from penstock import Queue, RateLimit
from penstock.broker.pace import HORIZON, Pace


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def pace(clock):
    return Pace(clock)


def go(pace, clock, *, rate, seconds, took=0.001):
    """Let runs end, so many per second."""
    for _ in range(round(rate * seconds)):
        clock.now += 1 / rate
        pace.ended(began=clock.now - took)


def test_at_first_nothing_is_known(pace):
    assert pace.expected == 0


@pytest.mark.parametrize("rate", [200, 1_000, 20_000])
def test_as_many_are_expected_as_end_within_the_horizon(pace, clock, rate):
    go(pace, clock, rate=rate, seconds=0.5)

    assert pace.expected == pytest.approx(rate * HORIZON, abs=1)


def test_a_run_in_a_second_is_no_reason_to_expect_one(pace, clock):
    go(pace, clock, rate=1, seconds=10)

    assert pace.expected == 0


def test_whoever_slows_down_is_expected_to_be_slow_at_once(pace, clock):
    go(pace, clock, rate=10_000, seconds=0.5)
    clock.now += 0.2

    assert pace.expected <= 10_000 * HORIZON / 10


def test_one_that_ends_after_an_hour_is_not_the_first_of_many(pace, clock):
    go(pace, clock, rate=10_000, seconds=0.5)
    clock.now += 3600
    pace.ended(began=clock.now)

    assert pace.expected == 0


def test_whoever_speeds_up_is_believed_after_a_moment(pace, clock):
    go(pace, clock, rate=10, seconds=1)
    go(pace, clock, rate=10_000, seconds=0.05)

    assert pace.expected == pytest.approx(10_000 * HORIZON, rel=0.1)


def test_what_was_is_forgotten_on_request(pace, clock):
    go(pace, clock, rate=10_000, seconds=0.5)
    pace.forget()

    assert pace.expected == 0


def test_long_runs_that_end_together_are_no_reason_to_expect_more(pace, clock):
    go(pace, clock, rate=10_000, seconds=0.1, took=1.0)

    assert pace.expected == 0


@pytest.mark.parametrize(
    ("limits", "ahead"),
    [
        ({}, 200),
        ({"concurrency": 400}, 200),
        ({"concurrency": 402}, 0),
        ({"global_concurrency": 1000}, 0),
        ({"user_concurrency": 1000}, 0),
        ({"rate_limit": RateLimit(limit=100_000, period=timedelta(seconds=1))}, 200),
        ({"rate_limit": RateLimit(limit=1000, period=timedelta(seconds=1))}, 20),
        ({"rate_limit": RateLimit(limit=1000, period=timedelta(hours=1))}, 0),
        ({"user_rate_limit": RateLimit(limit=500, period=timedelta(seconds=1))}, 10),
    ],
    ids=str,
)
def test_as_many_are_fetched_as_are_expected_within_the_limits(pace, clock, limits, ahead):
    go(pace, clock, rate=10_000, seconds=0.5)

    assert pace.ahead(Queue("acme", **limits)) == pytest.approx(ahead, abs=1)


def test_where_slots_are_held_for_long_nothing_is_fetched_for_the_few_that_are_not(pace, clock):
    go(pace, clock, rate=1000, seconds=0.5)

    assert pace.ahead(Queue("acme", concurrency=5)) == pytest.approx(20, abs=1)
    assert pace.ahead(Queue("acme", concurrency=100)) == 0
