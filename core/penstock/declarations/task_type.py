"""A task type: a typed function, the queue it runs on, and its policy."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Generic, ParamSpec, TypeVar, get_origin, get_type_hints

import msgspec

from penstock.declarations import checks
from penstock.declarations.context import Context
from penstock.declarations.errors import DeclarationError
from penstock.declarations.queue import Queue
from penstock.declarations.retry_policy import RetryPolicy
from penstock.declarations.type_parts import type_parts

P = ParamSpec("P")
R = TypeVar("R")

_TASK_NAME = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+")
_MAX_NAME_LENGTH = 128


@dataclass(frozen=True)
class TaskType(Generic[P, R]):
    """A declared task type. Call it like the function it was made from.

    Build one with :func:`task`. ``input_type`` and ``output_type`` come from the function's
    annotations; ``context_parameter`` is the name of its :class:`Context` parameter, if it has one.
    """

    name: str
    _: KW_ONLY
    handler: Callable[P, Awaitable[R]]
    queue: Queue
    input_parameter: str
    input_type: Any
    output_type: Any
    context_parameter: str | None
    retry: RetryPolicy
    timeout: timedelta | None = None
    upload: str | None = None
    examples: Sequence[Any] = field(default=())

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Awaitable[R]:
        """Run the handler right here, outside of any queue."""
        return self.handler(*args, **kwargs)

    @property
    def description(self) -> str:
        """The handler's docstring, dedented."""
        return inspect.getdoc(self.handler) or ""

    def input_schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of the input."""
        return msgspec.json.schema(self.input_type)

    def output_schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of the output."""
        return msgspec.json.schema(self.output_type)


def task(
    name: str,
    *,
    queue: Queue,
    retry: RetryPolicy | None = None,
    timeout: timedelta | None = None,
    upload: str | None = None,
    examples: Sequence[Any] = (),
) -> Callable[[Callable[P, Awaitable[R]]], TaskType[P, R]]:
    """Declare an ``async def`` function as a task type.

    The first parameter is the input, whatever its name; a parameter annotated with
    :class:`Context` gets the running task's context. Both, and the return value, are annotated.

    Args:
        name: dotted and unique, by convention with the plugin's name in front: ``acme.resize``.
        queue: where its tasks wait.
        retry: its policy; the queue's if left out.
        timeout: after this long a run is cancelled and counts as a failed attempt.
        upload: the input's field that gets the id of an uploaded file, a :class:`~uuid.UUID`: with
            it, ``POST /api/uploads`` takes files for this task type.
        examples: inputs that succeed on a fresh install; shown by ``GET /api/task-types``.

    Raises:
        DeclarationError: if anything about the declaration cannot be honoured.
    """
    checks.instance(name, str, of="the name of a task type")
    if not _TASK_NAME.fullmatch(name) or len(name) > _MAX_NAME_LENGTH:
        message = (
            "expected the name of a task type to be lower-case words joined by dots, like "
            f"'acme.resize', of at most {_MAX_NAME_LENGTH} characters, got {name!r}"
        )
        raise DeclarationError(message)
    checks.instance(queue, Queue, of=f"queue of task type {name!r}")
    if retry is not None:
        checks.instance(retry, RetryPolicy, of=f"retry of task type {name!r}")
    if timeout is not None:
        checks.positive(timeout, of=f"timeout of task type {name!r}")

    def declare(handler: Callable[P, Awaitable[R]]) -> TaskType[P, R]:
        input_parameter, context_parameter, hints = _read_signature(name, handler)
        if upload is not None:
            _check_upload(name, upload, hints[input_parameter])
        for example in examples:
            _check_example(name, example, hints[input_parameter])
        return TaskType(
            name,
            handler=handler,
            queue=queue,
            input_parameter=input_parameter,
            input_type=hints[input_parameter],
            output_type=hints["return"],
            context_parameter=context_parameter,
            retry=retry or queue.retry,
            timeout=timeout,
            upload=upload,
            examples=tuple(examples),
        )

    return declare


def _read_signature(
    name: str, handler: Callable[..., Any]
) -> tuple[str, str | None, dict[str, Any]]:
    """The names of the input and context parameters, and all annotations."""
    if not inspect.iscoroutinefunction(handler):
        message = (
            f"expected the handler of task type {name!r} to be an 'async def' function, "
            f"got {handler!r}; run blocking code in it with 'await asyncio.to_thread(...)'"
        )
        raise DeclarationError(message)
    try:
        hints = get_type_hints(handler, include_extras=True)
    except (NameError, TypeError) as error:
        message = (
            f"the annotations of task type {name!r} cannot be read: {error}; import the types "
            "that they name at module level, outside of 'if TYPE_CHECKING'"
        )
        raise DeclarationError(message) from error
    signature = inspect.signature(handler).parameters
    parameters = list(signature)
    unannotated = [each for each in (*parameters, "return") if each not in hints]
    if unannotated:
        message = (
            f"expected every parameter and the return value of task type {name!r} to be "
            f"annotated, got none for {', '.join(map(repr, unannotated))} in {handler.__qualname__}"
        )
        raise DeclarationError(message)
    contexts = [each for each in parameters if hints[each] is Context]
    inputs = [each for each in parameters if each not in contexts]
    if not inputs or len(contexts) > 1:
        message = (
            f"expected the handler of task type {name!r} to take its input first and at most one "
            f"Context, got the parameters ({', '.join(parameters)}) in {handler.__qualname__}"
        )
        raise DeclarationError(message)
    for each in parameters:
        if not _can_be_given(signature[each], hints[each], known=(inputs[0], *contexts)):
            message = (
                f"nobody can give parameter {each!r} to task type {name!r}: beside its input and "
                "a Context, by keyword, a handler takes what has a default or is "
                f"Annotated[..., TaskiqDepends(...)] in {handler.__qualname__}"
            )
            raise DeclarationError(message)
    for what in (inputs[0], "return"):
        _check_schema(name, what, hints[what])
    return inputs[0], (contexts[0] if contexts else None), hints


def _can_be_given(parameter: inspect.Parameter, hint: object, *, known: Sequence[str]) -> bool:
    """Whether a worker, which passes everything by keyword, has something for ``parameter``."""
    if parameter.kind not in {parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY}:
        return False
    return (
        parameter.name in known
        or parameter.default is not parameter.empty
        or get_origin(hint) is Annotated
    )


def _check_upload(name: str, upload: str, input_type: Any) -> None:
    """Refuse an upload field that could not take the id of a file."""
    info = msgspec.inspect.type_info(input_type)
    fields = {}
    if isinstance(info, msgspec.inspect.StructType | msgspec.inspect.DataclassType):
        fields = {each.encode_name: each.type for each in info.fields}
    if upload not in fields or not _takes_uuid(fields[upload]):
        message = (
            f"expected upload of task type {name!r} to name a field of its input that is a UUID, "
            f"got {upload!r}; the fields are {', '.join(map(repr, fields)) or 'none'}"
        )
        raise DeclarationError(message)


def _takes_uuid(info: msgspec.inspect.Type) -> bool:
    return any(isinstance(each, msgspec.inspect.UUIDType) for each in type_parts(info))


def _check_example(name: str, example: object, input_type: Any) -> None:
    """Refuse an example that the task type would not accept as its input."""
    of = f"every example of task type {name!r}"
    if isinstance(input_type, type):
        checks.instance(example, input_type, of=of)
    try:
        msgspec.json.decode(msgspec.json.encode(example), type=input_type)
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        message = f"expected {of} to fit its input, got {example!r}: {error}"
        raise DeclarationError(message) from error


def _check_schema(name: str, what: str, annotation: object) -> None:
    """Refuse types that have no JSON Schema, so could neither be validated nor documented."""
    try:
        msgspec.json.schema(annotation)
    except (TypeError, NameError) as error:
        message = (
            f"expected the type of {what!r} of task type {name!r} to be a msgspec Struct, "
            f"dataclass or other type with a JSON Schema, got {annotation!r}: {error}"
        )
        raise DeclarationError(message) from error
