"""What an operator says of a queue stands over what its plugin declares."""

from dataclasses import replace
from datetime import timedelta

from penstock import Queue, RateLimit, RetryPolicy, task
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
