"""Handlers that would only fail when a worker calls them are refused when they are declared."""

from datetime import timedelta
from typing import Annotated, Any

import pytest
from msgspec import Meta, Struct
from taskiq import TaskiqDepends

from penstock import Context, DeclarationError, Queue, Snooze, TransientError, task

ACME = Queue("acme")


class Resize(Struct):
    source: str
    width: Annotated[int, Meta(ge=1)] = 320


async def _two_inputs(image: Resize, other: Resize) -> Resize:
    return Resize(image.source + other.source)


async def _positional_only(image: Resize, /) -> Resize:
    return image


async def _many(*images: Resize) -> Resize:
    return images[0]


async def _annotated(image: Resize, size: Annotated[int, Meta(ge=1)]) -> Resize:
    return image


async def _unknown_name(image: "Rezise") -> Resize:  # type: ignore[name-defined]  # noqa: F821
    return image  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (_two_inputs, "nobody can give parameter 'other' to task type 'acme.resize'"),
        (_positional_only, "nobody can give parameter 'image'.*by keyword"),
        (_annotated, "nobody can give parameter 'size'"),
        (_many, "nobody can give parameter 'images'"),
        (_unknown_name, "name 'Rezise' is not defined; import the types.*at module level"),
    ],
)
def test_what_a_worker_could_not_call_is_refused(handler: Any, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        task("acme.resize", queue=ACME)(handler)


def test_defaults_and_dependencies_may_stand_beside_the_input() -> None:
    async def resize(
        ctx: Context,
        image: Resize,
        session: Annotated[str, TaskiqDepends(str)],
        scale: float = 1.0,
    ) -> Resize:
        return image

    declared = task("acme.resize", queue=ACME)(resize)

    assert (declared.input_parameter, declared.context_parameter) == ("image", "ctx")


def test_an_example_that_breaks_the_inputs_own_rules_is_refused() -> None:
    async def resize(image: Resize) -> Resize:
        return image

    with pytest.raises(DeclarationError, match=r"every example of .* fit its input.*>= 1"):
        task("acme.resize", queue=ACME, examples=[Resize("cat", width=0)])(resize)


def test_an_input_need_not_be_a_class() -> None:
    async def total(numbers: list[int]) -> int:
        return sum(numbers)

    assert task("acme.total", queue=ACME, examples=[[1, 2]])(total).examples == ([1, 2],)
    with pytest.raises(DeclarationError, match="fit its input"):
        task("acme.total", queue=ACME, examples=[["one"]])(total)


@pytest.mark.parametrize("delay", [5, timedelta(seconds=-1), None])
def test_a_snooze_that_is_no_duration_fails_in_the_handler_that_raised_it(delay: Any) -> None:
    with pytest.raises(DeclarationError, match=r"Snooze\.delay to be a timedelta of at least zero"):
        Snooze(delay)


def test_a_retry_after_that_is_no_duration_fails_in_the_handler_that_raised_it() -> None:
    with pytest.raises(DeclarationError, match=r"TransientError\.retry_after.*got 5"):
        TransientError("busy", retry_after=5)  # type: ignore[arg-type]
