"""What an operator says of a queue stands over what its plugin declares."""

from dataclasses import replace
from datetime import timedelta

import pytest

from penstock import DeclarationError, Queue, RateLimit, RetryPolicy, task
from penstock.plugins import Catalogue, Plugin

PLAIN = Queue("plain", concurrency=5, retry=RetryPolicy(max_attempts=3))
OTHER = Queue("other")


@task("acme.plain", queue=PLAIN)
async def plain(number: int) -> int:
    """Uses its queue's policy."""
    return number


@task("acme.own", queue=PLAIN, retry=RetryPolicy(max_attempts=9, jitter=0.5))
async def own(number: int) -> int:
    """Has a policy of its own."""
    return number


@task("acme.other", queue=OTHER)
async def other(number: int) -> int:
    """Runs elsewhere."""
    return number


PLUGIN = Plugin(
    name="acme",
    distribution="acme",
    version="1",
    queues=[PLAIN, OTHER],
    tasks=[plain, own, other],
)
CATALOGUE = Catalogue(plugins=[PLUGIN])


def test_nothing_said_changes_nothing():
    tuned = CATALOGUE.tuned({})

    assert tuned.queues == CATALOGUE.queues
    assert tuned.task_types == CATALOGUE.task_types


def test_limits_are_replaced_for_the_queue_and_in_its_task_types():
    limit = RateLimit(limit=1, period=timedelta(seconds=1))

    tuned = CATALOGUE.tuned({"plain": {"concurrency": 8, "rate_limit": limit}})

    assert tuned.queues["plain"] == replace(PLAIN, concurrency=8, rate_limit=limit)
    assert tuned.task_type("acme.own").queue is tuned.queues["plain"]
    assert tuned.queues["other"] is OTHER
    assert tuned.task_type("acme.other") is other


def test_attempts_are_replaced_in_the_policies_of_the_queue_and_of_its_task_types():
    tuned = CATALOGUE.tuned({"plain": {"max_attempts": 2}})

    assert tuned.queues["plain"].retry.max_attempts == 2
    assert tuned.task_type("acme.plain").retry.max_attempts == 2
    assert tuned.task_type("acme.own").retry == replace(own.retry, max_attempts=2)
    assert tuned.task_type("acme.other").retry.max_attempts == 3


def test_what_was_declared_stays_as_it_was():
    CATALOGUE.tuned({"plain": {"concurrency": 8, "max_attempts": 2}})

    assert (PLAIN.concurrency, plain.retry.max_attempts) == (5, 3)


def test_what_is_said_of_a_task_type_stands_over_what_is_said_of_its_queue():
    tuned = CATALOGUE.tuned(
        {"plain": {"max_attempts": 2, "jitter": 0.2}},
        None,
        {"acme.own": {"max_attempts": 4, "timeout": timedelta(minutes=1), "unique": True}},
    )

    found = tuned.task_type("acme.own")
    assert (found.retry.max_attempts, found.retry.jitter) == (4, 0.2)
    assert (found.timeout, found.unique) == (timedelta(minutes=1), True)
    assert tuned.task_type("acme.plain").retry.max_attempts == 2
    assert own.timeout is None


def test_a_task_type_can_be_switched_off_and_stays_declared():
    tuned = CATALOGUE.tuned({}, None, {"acme.own": {"enabled": False}})

    assert tuned.disabled_task_types == {"acme.own"}
    assert tuned.task_type("acme.own").handler is own.handler
    assert tuned.tuned({}, None, {"acme.own": {"enabled": True}}).disabled_task_types == frozenset()


def test_memory_of_a_handler_that_shares_the_workers_is_refused():
    with pytest.raises(DeclarationError, match=r"max_memory of task type 'acme\.own'.*'async def'"):
        CATALOGUE.tuned({}, None, {"acme.own": {"max_memory": 1 << 30}})


@pytest.mark.parametrize(
    ("queues", "tasks", "expected"),
    [
        (
            {"plain": {"user_concurrency": 50, "global_concurrency": 2}},
            {},
            r"expected user_concurrency of queue 'plain' to be at most its global_concurrency, 2",
        ),
        (
            {"plain": {"user_max_waiting": 50, "max_waiting": 2}},
            {},
            "expected user_max_waiting of queue 'plain' to be at most its max_waiting, 2",
        ),
        (
            {"plain": {"initial_interval": timedelta(hours=5)}},
            {},
            r"initial_interval of the retry policy of queue 'plain' .* 3600 s, got 18000 s",
        ),
        (
            {},
            {"acme.own": {"initial_interval": timedelta(hours=5)}},
            "initial_interval of the retry policy of task type 'acme.own'",
        ),
        (
            {"plain": {"max_interval": timedelta(seconds=10)}},
            {"acme.own": {"initial_interval": timedelta(seconds=20)}},
            "task type 'acme.own' to be at most its max_interval, 10 s, got 20 s",
        ),
    ],
)
def test_an_operator_may_not_say_what_a_plugin_may_not_declare(queues, tasks, expected):
    with pytest.raises(DeclarationError, match=expected):
        CATALOGUE.tuned(queues, None, tasks)
