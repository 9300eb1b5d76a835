"""What a declaration refuses, and how it says so."""

import math
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from penstock import Context, DeclarationError, Priority, Queue, RateLimit, RetryPolicy, task

ACME = Queue("acme")


class Resize(Struct):
    source: str
    width: int = 320


class Image(Struct):
    key: str


async def resize(image: Resize, ctx: Context) -> Image:
    """Resize one image."""
    return Image(key=f"{image.source}@{image.width}")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Queue("Acme"), "expected the name of a queue to be a lower-case letter.*'Acme'"),
        (lambda: Queue("acme", concurrency=0), "concurrency of queue 'acme'.* at least 1, got 0"),
        (lambda: Queue("acme", concurrency=True), "concurrency of queue 'acme'.*got True"),
        (lambda: Queue("acme", global_concurrency=-1), "global_concurrency of queue 'acme'.*-1"),
        (lambda: Queue("acme", rate_limit=10), "rate_limit of queue 'acme'.*RateLimit.*got 10"),  # type: ignore[arg-type]
        (lambda: RateLimit(limit=0, period=timedelta(1)), "RateLimit.limit.*got 0"),
        (lambda: RateLimit(limit=1, period=timedelta(0)), "RateLimit.period.*above zero"),
        (lambda: RateLimit(limit=1, period=5), "RateLimit.period to be a timedelta.*got 5"),  # type: ignore[arg-type]
        (lambda: RetryPolicy(max_attempts=0), "RetryPolicy.max_attempts.*got 0"),
        (lambda: RetryPolicy(jitter=1.5), "RetryPolicy.jitter to be from 0 to 1, got 1.5"),
        (lambda: RetryPolicy(backoff_coefficient=0.5), "backoff_coefficient.*at least 1"),
        (lambda: task("resize", queue=ACME), "words joined by dots, like 'acme.resize'.*'resize'"),
        (
            lambda: task("acme.resize", queue="acme"),  # type: ignore[arg-type]
            "queue of task type.*a Queue, got 'acme'; declare one.*penstock_queues",
        ),
        (
            lambda: task("acme.resize", queue=ACME, unique=1),  # type: ignore[arg-type]
            "expected unique of task type 'acme.resize' to be a bool, got 1",
        ),
        (
            lambda: task("acme.resize", queue=ACME, timeout=timedelta(0)),
            "timeout of task type 'acme.resize'.*above zero",
        ),
        (
            lambda: task("acme.resize", queue=ACME, examples=["cat"])(resize),
            "every example of task type 'acme.resize' to be a Resize, got 'cat'",
        ),
    ],
)
def test_a_declaration_that_cannot_be_right_names_the_thing_the_value_and_the_remedy(
    build: Callable[[], object], message: str
) -> None:
    with pytest.raises(DeclarationError, match=message):
        build()


def test_a_task_type_is_read_from_its_signature_and_still_callable() -> None:
    declared = task("acme.resize", queue=ACME)(resize)

    assert (declared.input_parameter, declared.context_parameter) == ("image", "ctx")
    assert (declared.input_type, declared.output_type) == (Resize, Image)
    assert declared.retry is ACME.retry
    assert declared.description == "Resize one image."
    assert declared.input_schema()["$defs"]["Resize"]["required"] == ["source"]


class _Callable:
    async def __call__(self, image: Resize) -> Image:
        return Image(key=image.source)


async def _bare(image, ctx):
    return image, ctx


class _Class:
    async def method(self, image: Resize) -> Resize:
        return image


async def _without_input(ctx: Context) -> Image:
    return Image(key=str(ctx))


async def _without_schema(image: Resize) -> Callable[[], None]:
    raise NotImplementedError


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (_Callable(), "to be an 'async def' or a 'def' function"),
        (
            _bare,
            "got none for 'image', 'ctx', 'return' in _bare; annotate them, as in 'async def",
        ),
        (_Class.method, "got none for 'self' in _Class.method; a handler is no method: move it"),
        (_without_input, "take its input first"),
        (_without_schema, "type of 'return' of task type 'acme.resize'.*JSON Schema"),
    ],
)
def test_a_handler_that_cannot_be_served_is_refused(handler: Any, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        task("acme.resize", queue=ACME)(handler)


def test_the_defaults_are_three_attempts_from_two_seconds_doubling() -> None:
    policy = RetryPolicy(jitter=0)

    delays = [policy.delay(attempt, random.Random(0)) for attempt in (1, 2, 3)]
    assert policy.max_attempts == 3
    assert delays == [timedelta(seconds=2), timedelta(seconds=4), timedelta(seconds=8)]


@given(
    attempt=st.integers(1, 10_000),
    jitter=st.floats(0, 1),
    coefficient=st.floats(1, 100),
    seed=st.integers(),
)
def test_a_delay_stays_within_its_jitter_and_below_its_maximum(
    attempt: int, jitter: float, coefficient: float, seed: int
) -> None:
    policy = RetryPolicy(jitter=jitter, backoff_coefficient=coefficient)
    delay = policy.delay(attempt, random.Random(seed))

    longest = policy.max_interval.total_seconds()
    # By logarithms, because the power itself may overflow a float.
    middle = math.exp(min(math.log(2) + (attempt - 1) * math.log(coefficient), math.log(longest)))
    slack = 1e-5 + middle * 1e-9
    assert middle * (1 - jitter) - slack <= delay.total_seconds()
    assert delay.total_seconds() <= min(middle * (1 + jitter), longest) + slack


def test_priorities_have_the_names_and_numbers_of_the_api() -> None:
    assert {each.label: int(each) for each in Priority} == {
        "urgent": 10,
        "high": 7,
        "normal": 5,
        "low": 1,
    }
    assert Priority.parse("Urgent") is Priority.parse(10) is Priority.URGENT


@pytest.mark.parametrize("value", ["urgnet", "5", 3, True, ""])
def test_an_unknown_priority_is_refused_with_the_choices(value: Any) -> None:
    with pytest.raises(ValueError, match="one of urgent, high, normal, low"):
        Priority.parse(value)
    with pytest.raises(ValueError, match="did you mean 'urgent'"):
        Priority.parse("urgnet")
