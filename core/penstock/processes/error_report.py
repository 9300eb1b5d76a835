"""An exception as plain data: it crosses from a process to its worker, the object stays behind."""

from __future__ import annotations

import builtins
import traceback
from collections.abc import Callable
from datetime import timedelta

import msgspec

from penstock.declarations import (
    DeclarationError,
    PenstockError,
    PermanentError,
    RateLimitedError,
    Snooze,
    SupersededError,
    TaskError,
    TransientError,
)

_MESSAGE_LENGTH = 10_000
_TRACEBACK_LENGTH = 100_000
_BECAUSE_OF = "\nThe above exception was the direct cause of the following exception:\n\n"


class ErrorReport(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to say of an exception.

    Attributes:
        type_name: its class, as it is recorded; empty for what is none, like a crash.
        message: what it says.
        traceback: with its causes, as Python prints it.
        lineage: the full names of its class and of all classes above it.
        code: of a :class:`~penstock.declarations.TaskError`, or of what happened to the process.
        retry_after: of a :class:`~penstock.declarations.TransientError`, or of a
            :class:`~penstock.declarations.RateLimitedError`.
        delay: of a :class:`~penstock.declarations.Snooze`.
    """

    type_name: str
    message: str
    traceback: str = ""
    lineage: tuple[str, ...] = ()
    code: str | None = None
    retry_after: timedelta | None = None
    delay: timedelta | None = None

    @classmethod
    def of(cls, error: BaseException) -> ErrorReport:
        """Describe ``error``; one that came from a process is what was said of it there."""
        if isinstance(error, HandlerError):
            return error.report
        kind = type(error)
        return cls(
            type_name=kind.__qualname__ if kind.__module__ == "builtins" else full_name(kind),
            message=(_text(error) or kind.__name__)[:_MESSAGE_LENGTH],
            traceback=_traceback(error)[:_TRACEBACK_LENGTH],
            lineage=tuple(full_name(each) for each in kind.__mro__),
            code=str(error.code) if isinstance(error, TaskError) else None,
            retry_after=error.retry_after
            if isinstance(error, TransientError | RateLimitedError)
            else None,
            delay=error.delay if isinstance(error, Snooze) else None,
        )

    def masked(self, mask: Callable[[str], str]) -> ErrorReport:
        """The same without what ``mask`` hides; this very report if there is none of it."""
        message, trace = mask(self.message), mask(self.traceback)
        if message is self.message and trace is self.traceback:
            return self
        return msgspec.structs.replace(self, message=message, traceback=trace)

    def is_a(self, *kinds: type[BaseException]) -> bool:
        """Whether ``except kinds`` would have caught it."""
        return not {full_name(each) for each in kinds}.isdisjoint(self.lineage)

    def exception(self) -> Exception | None:
        """The nearest exception that can be made again here; ``None`` if there is none."""
        for name in self.lineage:
            match _OURS.get(name):
                case None:
                    pass
                case kind if kind is TransientError or kind is RateLimitedError:
                    return kind(self.message, retry_after=self.retry_after, code=self.code)
                case kind if kind is Snooze and self.delay is not None:
                    return Snooze(self.delay, self.message)
                case kind if issubclass(kind, TaskError):
                    return kind(self.message, code=self.code)
                case kind:
                    return kind(self.message)
            if (error := _builtin(name, self.message)) is not None:
                return error
        return None


class HandlerError(Exception):
    """A handler failed in its process, or its process did; ``report`` says how."""

    def __init__(self, report: ErrorReport) -> None:
        super().__init__(report.message)
        self.report = report


def full_name(kind: type) -> str:
    """A class with its module: ``builtins.ValueError``."""
    return f"{kind.__module__}.{kind.__qualname__}"


_OURS: dict[str, type[PenstockError]] = {
    full_name(each): each
    for each in (
        DeclarationError,
        PermanentError,
        PenstockError,
        RateLimitedError,
        Snooze,
        SupersededError,
        TaskError,
        TransientError,
    )
}


def _builtin(name: str, message: str) -> Exception | None:
    module, _, word = name.rpartition(".")
    kind = getattr(builtins, word, None) if module == "builtins" else None
    if not isinstance(kind, type) or not issubclass(kind, Exception) or kind is Exception:
        return None
    try:
        return kind(message)
    except TypeError:  # one that wants more than a message; the next in line will do
        return None


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as broken:  # noqa: BLE001  (str() of a handler's exception is its own code)
        return f"its message cannot be shown: {type(broken).__name__}"


def _traceback(error: BaseException) -> str:
    cause = error.__cause__
    if isinstance(cause, HandlerError):
        # What happened, happened in the process; the frames of this one say nothing about it.
        last = "".join(traceback.format_exception(error, chain=False))
        return f"{cause.report.traceback}{_BECAUSE_OF}{last}"
    return "".join(traceback.format_exception(error))
