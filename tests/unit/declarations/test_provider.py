from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct

from penstock import (
    DeclarationError,
    Provider,
    Queue,
    RateLimit,
    RateLimitedError,
    UnitLimit,
    task,
)

ACME = Queue("acme")
MINUTE = timedelta(minutes=1)
ODD: dict[str, Any] = {"rate_limit": 5}
ODD_UNITS: dict[str, Any] = {"units": 5}


class Prompt(Struct):
    text: str


def declare(**fields):
    @task("acme.ask", queue=ACME, **fields)
    async def ask(prompt: Prompt) -> Prompt:
        return prompt

    return ask


def test_a_provider_has_no_limits_unless_they_are_given():
    assert not Provider("openai").is_limited
    assert Provider("openai", concurrency=1).is_limited
    assert Provider("openai", rate_limit=RateLimit(limit=1, period=MINUTE)).is_limited
    assert Provider("openai", units=UnitLimit(limit=1, period=MINUTE)).is_limited


def test_a_bucket_holds_the_units_of_a_period_unless_it_is_said():
    assert UnitLimit(limit=90, period=MINUTE).capacity == 90
    assert UnitLimit(limit=90, period=MINUTE, burst=15).capacity == 15


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Provider("Open AI"), "expected the name of a provider to be a lower-case letter"),
        (lambda: Provider("x", concurrency=0), "concurrency of provider 'x' to be a whole number"),
        (lambda: Provider("x", **ODD), "expected rate_limit of provider 'x' to be a"),
        (lambda: Provider("x", **ODD_UNITS), "expected units of provider 'x' to be a"),
        (lambda: UnitLimit(limit=0, period=MINUTE), r"expected UnitLimit\.limit to be a whole"),
        (lambda: UnitLimit(limit=1, period=timedelta(0)), r"UnitLimit\.period to be a timedelta"),
        (
            lambda: UnitLimit(limit=1, period=timedelta(microseconds=1)),
            r"UnitLimit\.period to be at least 1 ms",
        ),
        (lambda: UnitLimit(limit=1, period=MINUTE, burst=0), r"expected UnitLimit\.burst to be"),
    ],
)
def test_what_cannot_be_honoured_is_refused_when_it_is_built(build, message):
    with pytest.raises(DeclarationError, match=message):
        build()


def test_a_task_type_names_its_provider_or_a_function_that_tells_it():
    provider = Provider("openai")

    def choose(prompt: Prompt) -> Provider | None:
        return provider if prompt.text else None

    assert declare(provider=provider).provider is provider
    assert declare(provider="openai", units=100).units == 100
    assert declare(provider=choose, units=lambda prompt: len(prompt.text)).provider is choose
    assert declare().provider is None


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"provider": 5}, "expected provider of task type 'acme.ask' to be a Provider, the name"),
        ({"provider": "Open AI"}, "expected the name of a provider to be"),
        ({"units": 5}, "units of task type 'acme.ask' would limit nothing: it names no provider"),
        ({"provider": "x", "units": 0}, "expected units of task type 'acme.ask' to be a whole"),
        ({"provider": "x", "units": 1.5}, "expected units of task type 'acme.ask' to be a whole"),
    ],
)
def test_a_provider_or_an_estimate_that_cannot_be_honoured_is_refused(fields, message):
    with pytest.raises(DeclarationError, match=message):
        declare(**fields)


def test_a_pause_of_no_time_counts_as_none_named():
    assert RateLimitedError("slow down", retry_after=timedelta(0)).retry_after is None
    assert RateLimitedError("slow down", retry_after=MINUTE).retry_after == MINUTE
    with pytest.raises(DeclarationError, match=r"RateLimitedError\.retry_after to be a timedelta"):
        RateLimitedError("slow down", retry_after=5)  # type: ignore[arg-type]


@pytest.mark.parametrize("function", [lambda: None, lambda one, two, three: None])
def test_a_function_that_tells_the_provider_takes_the_input_and_maybe_what_is_installed(function):
    with pytest.raises(DeclarationError, match="to take the input, or the input and what is"):

        @task("acme.run", queue=Queue("acme"), provider=function)
        async def run(job: str) -> str:
            return job
