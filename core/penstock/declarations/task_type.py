"""A task type: a typed function, the queue it runs on, and its policy."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import timedelta
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, is_typeddict, overload

import msgspec

from penstock.declarations import checks, signature
from penstock.declarations.data_type import DataType
from penstock.declarations.errors import DeclarationError
from penstock.declarations.installed import Installed
from penstock.declarations.provider import Provider
from penstock.declarations.provider_function import takes_installed
from penstock.declarations.queue import Queue
from penstock.declarations.retry_policy import RetryPolicy
from penstock.declarations.schema_walk import part_at

P = ParamSpec("P")
R = TypeVar("R")
ProviderChoice = (
    Provider
    | str
    | Callable[[Any], Provider | str | None]
    | Callable[[Any, Installed], Provider | str | None]
)
"""The provider that each task needs, or its name; or a function that tells it from the input, and
from what is installed if it has a second parameter."""
UnitEstimate = int | Callable[[Any], int]
"""How many units of its provider a task uses, or a function that tells it from the input."""

DEFAULT_MAX_MEMORY = 2 * 1024**3
"""Of a ``def`` handler's process, in bytes."""
LEAST_MAX_MEMORY = 64 * 1024**2
_TASK_NAME = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)+")
_MAX_NAME_LENGTH = 128


@dataclass(frozen=True)
class TaskType(Generic[P, R]):
    """A declared task type. Call it like the function it was made from.

    Build one with :func:`task`, which makes an :class:`AsyncTaskType` of an ``async def`` and a
    :class:`SyncTaskType` of a ``def``. ``input`` and ``output`` come from the function's
    annotations; ``context_parameter`` is the name of its :class:`Context` or :class:`SyncContext`
    parameter, if it has one.
    """

    name: str
    _: KW_ONLY
    handler: Callable[P, Any]
    queue: Queue
    input_parameter: str
    input: DataType
    output: DataType
    context_parameter: str | None
    retry: RetryPolicy
    timeout: timedelta | None = None
    provider: ProviderChoice | None = None
    units: UnitEstimate | None = None
    upload: str | None = None
    unique: bool = False
    examples: Sequence[Any] = field(default=())

    @property
    def description(self) -> str:
        """The handler's docstring, dedented."""
        return inspect.getdoc(self.handler) or ""

    @property
    def input_type(self) -> Any:
        """The type of the input, as annotated."""
        return self.input.kind

    @property
    def output_type(self) -> Any:
        """The type of the output, as annotated."""
        return self.output.kind

    def plain_examples(self) -> Sequence[Any]:
        """Its examples as they are posted: as plain data."""
        return [msgspec.json.decode(self.input.encode(each)) for each in self.examples]

    def input_schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of the input."""
        return self.input.schema()

    def output_schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of the output."""
        return self.output.schema()


@dataclass(frozen=True)
class AsyncTaskType(TaskType[P, R]):
    """One whose handler is an ``async def``: it runs on the worker's event loop."""

    _: KW_ONLY
    handler: Callable[P, Awaitable[R]]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Awaitable[R]:
        """Run the handler right here, outside of any queue."""
        return self.handler(*args, **kwargs)


@dataclass(frozen=True)
class SyncTaskType(TaskType[P, R]):
    """One whose handler is a ``def``: it runs in a process that may be killed, or crash.

    ``max_memory`` is what that process may have, in bytes; ``None`` is no limit.
    """

    _: KW_ONLY
    handler: Callable[P, R]
    max_memory: int | None = DEFAULT_MAX_MEMORY

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the handler right here, outside of any queue and in this very process."""
        return self.handler(*args, **kwargs)


class Declare(Protocol):
    """What :func:`task` returns: it makes a task type of a function."""

    @overload
    def __call__(  # type: ignore[overload-overlap]  # a 'def' that returns an awaitable is refused
        self, handler: Callable[P, Awaitable[R]], /
    ) -> AsyncTaskType[P, R]: ...

    @overload
    def __call__(self, handler: Callable[P, R], /) -> SyncTaskType[P, R]: ...


def task(  # noqa: PLR0913  (all but the name by keyword)
    name: str,
    *,
    queue: Queue,
    retry: RetryPolicy | None = None,
    timeout: timedelta | None = None,
    max_memory: int | msgspec.UnsetType | None = msgspec.UNSET,
    provider: ProviderChoice | None = None,
    units: UnitEstimate | None = None,
    upload: str | None = None,
    unique: bool = False,
    examples: Sequence[Any] = (),
) -> Declare:
    """Declare a function as a task type.

    An ``async def`` runs on the worker's event loop. A ``def`` runs in a process of its plugin's,
    which can be killed, is limited in memory, and may crash without harm to anybody else.

    The first parameter is the input, whatever its name; a parameter annotated with
    :class:`Context` (in a ``def``, :class:`SyncContext`) gets the running task's context. Both, and
    the return value, are annotated.

    Args:
        name: dotted and unique, by convention with the plugin's name in front: ``acme.resize``.
        queue: where its tasks wait.
        retry: its policy; the queue's if left out.
        timeout: after this long a run is stopped and counts as a failed attempt.
        max_memory: what the process of a ``def`` handler may have, in bytes; 2 GiB if left out,
            ``None`` is no limit. Counted is the memory that it may write to, touched or not
            (``RLIMIT_DATA``); beyond it a run fails with ``memory_limit``. Enforced on Linux.
        provider: whose limits its tasks keep to: a provider or its name, or a function that takes
            the input and returns one, or ``None`` for a task that needs none. One with a second
            parameter gets what is :class:`Installed`. Functions are called once, when a task is
            submitted; a ``ValueError`` of theirs says what is wrong with the input.
        units: how many units of the provider a task uses, as estimated: 1 if left out. A number,
            or a function of the input. Its handler says by ``ctx.charge`` how many it were.
        upload: the input's field that gets the id of an uploaded file, a :class:`~uuid.UUID`: with
            it, ``POST /api/uploads`` takes files for this task type.
        unique: while a task with the same input and user is open, a submit is answered with that
            one, unless it says otherwise.
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
    checks.instance(
        queue,
        Queue,
        of=f"queue of task type {name!r}",
        remedy="declare one, ACME = Queue('acme'), return it from penstock_queues, and give that",
    )
    if retry is not None:
        checks.instance(retry, RetryPolicy, of=f"retry of task type {name!r}")
    if timeout is not None:
        checks.positive(timeout, of=f"timeout of task type {name!r}")
    if max_memory is not msgspec.UNSET:
        _check_max_memory(name, max_memory)
    checks.instance(unique, bool, of=f"unique of task type {name!r}")
    _check_provider(name, provider, units)

    def declare(handler: Callable[..., Any]) -> TaskType[Any, Any]:
        read = signature.read(name, handler)
        if upload is not None:
            _check_upload(name, upload, read.input)
        for example in examples:
            _check_example(name, example, read.input)
        common: dict[str, Any] = {
            "handler": handler,
            "queue": queue,
            "input_parameter": read.input_parameter,
            "input": read.input,
            "output": read.output,
            "context_parameter": read.context_parameter,
            "retry": retry or queue.retry,
            "timeout": timeout,
            "provider": provider,
            "units": units,
            "upload": upload,
            "unique": unique,
            "examples": tuple(examples),
        }
        if not read.is_async:
            limit = DEFAULT_MAX_MEMORY if max_memory is msgspec.UNSET else max_memory
            return SyncTaskType(name, **common, max_memory=limit)
        if max_memory is not msgspec.UNSET:
            message = (
                f"max_memory of task type {name!r} would limit nothing: its handler is an "
                "'async def', which shares the worker's memory; make it a 'def', or leave it out"
            )
            raise DeclarationError(message)
        return AsyncTaskType(name, **common)

    return declare  # type: ignore[return-value]  # which of the two, the overloads say


def _check_provider(name: str, provider: ProviderChoice | None, units: UnitEstimate | None) -> None:
    if isinstance(provider, str):
        checks.name(provider, of="provider")
    elif provider is not None and not isinstance(provider, Provider) and not callable(provider):
        message = (
            f"expected provider of task type {name!r} to be a Provider, the name of one, or a "
            f"function of the input that returns one or None, got {provider!r}"
        )
        raise DeclarationError(message)
    if callable(provider):
        takes_installed(provider)
    if units is None:
        return
    if provider is None:
        message = (
            f"units of task type {name!r} would limit nothing: it names no provider; give it one, "
            "or leave units out"
        )
        raise DeclarationError(message)
    if not callable(units):
        checks.at_least_one(units, of=f"units of task type {name!r}")


def _check_max_memory(name: str, max_memory: object) -> None:
    if max_memory is None:
        return
    checks.at_least_one(max_memory, of=f"max_memory of task type {name!r}")
    if max_memory < LEAST_MAX_MEMORY:  # type: ignore[operator]  # a number by now
        message = (
            f"expected max_memory of task type {name!r}, in bytes, to be at least "
            f"{LEAST_MAX_MEMORY:,} (Python itself needs most of that), got {max_memory!r}"
        )
        raise DeclarationError(message)


def _check_upload(name: str, upload: str, input_type: DataType) -> None:
    """Refuse an upload field that could not take the id of a file."""
    fields = part_at(input_type.schema()).get("properties", {})
    if upload not in fields or not _takes_uuid(part_at(input_type.schema(), f"$.{upload}")):
        message = (
            f"expected upload of task type {name!r} to name a field of its input that is a UUID, "
            f"got {upload!r}; the fields are {', '.join(map(repr, fields)) or 'none'}"
        )
        raise DeclarationError(message)


def _takes_uuid(schema: dict[str, Any]) -> bool:
    return schema.get("format") == "uuid"


def _check_example(name: str, example: object, input_type: DataType) -> None:
    """Refuse an example that the task type would not accept as its input."""
    of = f"every example of task type {name!r}"
    kind = input_type.kind
    if isinstance(kind, type) and not is_typeddict(kind):
        checks.instance(example, kind, of=of)
    try:
        input_type.decode(input_type.encode(example))
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        message = f"expected {of} to fit its input, got {example!r}: {error}"
        raise DeclarationError(message) from error
