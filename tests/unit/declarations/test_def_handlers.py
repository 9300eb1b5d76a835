"""``def`` handlers, which run in processes: what can be honoured there, and what is refused."""

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Annotated, Any

import pytest
from msgspec import Struct
from taskiq import TaskiqDepends

from penstock import Context, DeclarationError, Queue, SyncContext, task
from penstock.declarations import Address, AsyncTaskType, SyncTaskType

ACME = Queue("acme")
GIB = 1024**3


class Resize(Struct):
    source: str


def plain(image: Resize, ctx: SyncContext, scale: float = 1.0) -> Resize:
    """Resize one image."""
    return Resize(f"{image.source}@{scale}")


async def on_the_loop(image: Resize) -> Resize:
    return image


@task("acme.resize", queue=ACME)
def declared(image: Resize) -> Resize:
    return image


def test_a_def_is_read_like_an_async_def_and_still_callable() -> None:
    made: Any = task("acme.resize", queue=ACME)(plain)

    assert isinstance(made, SyncTaskType)
    assert (made.input_parameter, made.context_parameter) == ("image", "ctx")
    assert (made.input_type, made.output_type) == (Resize, Resize)
    assert made.description == "Resize one image."
    assert made(Resize("cat"), None) == Resize("cat@1.0")
    assert isinstance(task("acme.resize", queue=ACME)(on_the_loop), AsyncTaskType)


@pytest.mark.parametrize(
    ("given", "limit"), [({}, 2 * GIB), ({"max_memory": GIB}, GIB), ({"max_memory": None}, None)]
)
def test_a_def_may_have_two_gib_unless_it_says_otherwise(given: Any, limit: int | None) -> None:
    made: Any = task("acme.resize", queue=ACME, **given)(plain)

    assert made.max_memory == limit


@pytest.mark.parametrize(
    ("max_memory", "message"),
    [
        (0, "max_memory of task type 'acme.resize' to be a whole number of at least 1, got 0"),
        (1.5, "max_memory of task type 'acme.resize' to be a whole number"),
        (512, r"in bytes, to be at least 67,108,864 \(Python itself .*got 512"),
    ],
)
def test_a_limit_that_no_process_could_live_with_is_refused(max_memory: Any, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        task("acme.resize", queue=ACME, max_memory=max_memory)


@pytest.mark.parametrize("max_memory", [GIB, None])
def test_a_limit_on_an_async_def_is_refused(max_memory: int | None) -> None:
    with pytest.raises(
        DeclarationError, match=r"would limit nothing: .* make it a 'def', or leave"
    ):
        task("acme.resize", queue=ACME, max_memory=max_memory)(on_the_loop)


def _wrong_context(image: Resize, ctx: Context) -> Resize:
    return image


async def _wrong_sync_context(image: Resize, ctx: SyncContext) -> Resize:
    return image


def _depends(image: Resize, session: Annotated[str, TaskiqDepends(str)]) -> Resize:
    return image


def _depends_by_default(image: Resize, session: str = TaskiqDepends(str)) -> Resize:
    return image


def _generates(image: Resize) -> Iterator[Resize]:
    yield image


async def _generates_asynchronously(image: Resize) -> AsyncIterator[Resize]:
    yield image


def _inner() -> Callable[..., Any]:
    def resize(image: Resize) -> Resize:
        return image

    return resize


_unnamed = lambda image: image  # noqa: E731


def _in_main(image: Resize) -> Resize:
    return image


_in_main.__module__ = "__main__"


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        (_wrong_context, "got a Context on a 'def'; annotate it with SyncContext"),
        (_wrong_sync_context, "got a SyncContext on an 'async def'; annotate it with Context"),
        (_depends, "'session' .* asks for a TaskiqDepends.*make _depends an 'async def'"),
        (_depends_by_default, "'session' .* asks for a TaskiqDepends"),
        (_generates, "that returns its output, got a generator"),
        (_generates_asynchronously, "that returns its output, got a generator"),
        (_inner(), r"finds it by name, got _inner\.<locals>\.resize in .*move it to the top"),
        (_unnamed, "finds it by name, got <lambda> in"),
        (_in_main, "finds it by name, got _in_main in __main__"),
        (partial(plain, scale=2.0), "to be an 'async def' or a 'def' function"),
    ],
)
def test_what_no_process_could_run_is_refused_with_the_remedy(handler: Any, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        task("acme.resize", queue=ACME)(handler)


def test_an_address_leads_to_the_function_or_to_what_the_decorator_made_of_it() -> None:
    assert Address.of(plain).find() is plain
    assert Address.of(declared.handler).find() is declared
