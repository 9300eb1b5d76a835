"""What a handler's own signature says of a task type, and what of it cannot be honoured."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from penstock.declarations.context import Context
from penstock.declarations.data_type import DataType, Use, data_type
from penstock.declarations.errors import DeclarationError
from penstock.declarations.sync_context import SyncContext

_CONTEXTS = (Context, SyncContext)


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A handler, read.

    Attributes:
        is_async: whether it is an ``async def``.
        input_parameter: the name of the parameter that takes the input.
        context_parameter: the name of the one that takes the context, if it has one.
        input: the type of the input.
        output: the type of what it returns.
    """

    is_async: bool
    input_parameter: str
    context_parameter: str | None
    input: DataType
    output: DataType


def read(name: str, handler: Callable[..., Any]) -> Signature:
    """Read the handler of task type ``name``.

    Raises:
        DeclarationError: for whatever a worker could not honour.
    """
    is_async = _check_kind(name, handler)
    hints = _hints(name, handler)
    signature = inspect.signature(handler).parameters
    parameters = list(signature)
    unannotated = [each for each in (*parameters, "return") if each not in hints]
    if unannotated:
        is_method = unannotated[0] == "self"
        remedy = (
            "a handler is no method: move it out of its class"
            if is_method
            else "annotate them, as in 'async def resize(image: Resize, ctx: Context) -> Image'"
        )
        message = (
            f"expected every parameter and the return value of task type {name!r} to be "
            f"annotated, got none for {', '.join(map(repr, unannotated))} in "
            f"{handler.__qualname__}; {remedy}"
        )
        raise DeclarationError(message)
    contexts = [each for each in parameters if hints[each] in _CONTEXTS]
    inputs = [each for each in parameters if each not in contexts]
    if not inputs or len(contexts) > 1:
        message = (
            f"expected the handler of task type {name!r} to take its input first and at most one "
            f"Context, got the parameters ({', '.join(parameters)}) in {handler.__qualname__}"
        )
        raise DeclarationError(message)
    for each in contexts:
        _check_context(name, handler, hints[each], is_async=is_async)
    for each in parameters:
        if not is_async and _is_dependency(signature[each], hints[each]):
            message = (
                f"parameter {each!r} of task type {name!r} asks for a TaskiqDepends, which lives "
                f"in the worker and cannot reach the process of a 'def' handler; make "
                f"{handler.__qualname__} an 'async def', or build what it needs inside of it"
            )
            raise DeclarationError(message)
        if not _can_be_given(signature[each], hints[each], known=(inputs[0], *contexts)):
            message = (
                f"nobody can give parameter {each!r} to task type {name!r}: beside its input and "
                "a Context, by keyword, a handler takes what has a default or is "
                f"Annotated[..., TaskiqDepends(...)] in {handler.__qualname__}"
            )
            raise DeclarationError(message)
    return Signature(
        is_async=is_async,
        input_parameter=inputs[0],
        context_parameter=contexts[0] if contexts else None,
        input=_data_type(name, inputs[0], hints[inputs[0]], "input"),
        output=_data_type(name, "return", hints["return"], "output"),
    )


def _check_kind(name: str, handler: Callable[..., Any]) -> bool:
    """Refuse what is neither an ``async def`` nor a ``def`` that a process can find.

    Returns:
        Whether it is an ``async def``.
    """
    if inspect.iscoroutinefunction(handler):
        return True
    generates = inspect.isgeneratorfunction(handler) or inspect.isasyncgenfunction(handler)
    if generates or not inspect.isfunction(handler):
        got = f"a generator, {handler!r}" if generates else repr(handler)
        message = (
            f"expected the handler of task type {name!r} to be an 'async def' or a 'def' function "
            f"that returns its output, got {got}"
        )
        raise DeclarationError(message)
    if "<" in handler.__qualname__ or handler.__module__ == "__main__":
        message = (
            f"expected the 'def' handler of task type {name!r} to stand where its process finds "
            f"it by name, got {handler.__qualname__} in {handler.__module__}; move it to the top "
            "of a module of the plugin, or make it an 'async def'"
        )
        raise DeclarationError(message)
    return False


def _hints(name: str, handler: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(handler, include_extras=True)
    except (NameError, TypeError) as error:
        message = (
            f"the annotations of task type {name!r} cannot be read: {error}; import the types "
            "that they name at module level, outside of 'if TYPE_CHECKING'"
        )
        raise DeclarationError(message) from error


def _check_context(
    name: str, handler: Callable[..., Any], context: object, *, is_async: bool
) -> None:
    if is_async and context is SyncContext:
        fault = "got a SyncContext on an 'async def'; annotate it with Context, and await what"
    elif not is_async and context is Context:
        fault = "got a Context on a 'def'; annotate it with SyncContext, and await nothing of what"
    else:
        return
    message = (
        f"expected the handler of task type {name!r} to take the context that fits it, {fault} "
        f"{handler.__qualname__} asks of it"
    )
    raise DeclarationError(message)


def _is_dependency(parameter: inspect.Parameter, hint: object) -> bool:
    """Whether taskiq's dependency injection would fill it; by name, as taskiq is not imported."""
    marks = [parameter.default]
    if get_origin(hint) is Annotated:
        marks += get_args(hint)[1:]
    return any(type(each).__module__.split(".")[0] == "taskiq_dependencies" for each in marks)


def _can_be_given(parameter: inspect.Parameter, hint: object, *, known: Sequence[str]) -> bool:
    """Whether a worker, which passes everything by keyword, has something for ``parameter``."""
    if parameter.kind not in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY}:
        return False
    return (
        parameter.name in known
        or parameter.default is not parameter.empty
        or _is_dependency(parameter, hint)
    )


def _data_type(name: str, what: str, annotation: object, use: Use) -> DataType:
    """Refuse types that have no JSON Schema, so could neither be validated nor documented."""
    try:
        return data_type(annotation, use)
    except (TypeError, NameError) as error:
        message = (
            f"expected the type of {what!r} of task type {name!r} to be a msgspec Struct, "
            "dataclass, TypedDict, pydantic model or other type with a JSON Schema, got "
            f"{annotation!r}: {error}"
        )
        raise DeclarationError(message) from error
