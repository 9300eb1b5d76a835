"""One run of a handler, in its process."""

from __future__ import annotations

import inspect
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, get_type_hints

import msgspec

from penstock.declarations import TaskInterrupted, TaskType, task_input
from penstock.declarations.data_type import DataType, data_type
from penstock.declarations.unfit import UnfitError
from penstock.processes import frames, memory, result
from penstock.processes.channel import Channel
from penstock.processes.error_report import ErrorReport
from penstock.processes.exits import CRASHED, exit_code_in_words
from penstock.processes.interrupts import Interrupts
from penstock.processes.log_lines import LOGGER
from penstock.processes.process_context import ProcessContext


class HandlerRun:
    """Finds the handler, calls it, and tells the worker how that went."""

    def __init__(self, run: frames.Run, channel: Channel, interrupts: Interrupts) -> None:
        self._run = run
        self._channel = channel
        self._interrupts = interrupts

    def perform(self) -> None:
        """Return once the worker was told."""
        logging.getLogger().setLevel(self._run.log_level)
        logging.getLogger(LOGGER).setLevel(self._run.task_log_level)
        limit = self._run.max_memory
        answer: frames.Succeeded | frames.Failed
        try:
            memory.limit(limit)
            encoded = self._call()
        # Of any kind: a handler's sys.exit() ends its run, and the worker hears where it was.
        except BaseException as error:  # noqa: BLE001
            # First of all, for there may be no memory left to say so.
            memory.limit(None)
            answer = frames.Failed(
                self._report(error), is_last=_leaves_ruins(error) or memory.is_crowded(limit)
            )
        else:
            memory.limit(None)
            answer = frames.Succeeded(encoded, is_last=memory.is_crowded(limit))
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        self._channel.send(answer)

    def _call(self) -> bytes:
        run = self._run
        try:
            found = run.handler.find()
            handler = _handler(found)
            input_type, output_type = _types(found, run.input_parameter)
            arguments = {run.input_parameter: self._input(input_type)}
            if run.context_parameter is not None:
                arguments[run.context_parameter] = ProcessContext(
                    run, self._channel, self._interrupts
                )
            self._channel.send(frames.Started())
            self._interrupts.arm()
            value = handler(**arguments)
        finally:
            self._interrupts.disarm()
        # A library in C may swallow an exception that is raised in a read, and take it for the end
        # of the file: what came of that would be half of a result.
        self._interrupts.confirm()
        most = self._channel.limits.result
        return result.encode(run.task_type, output_type, value, most=most)

    def _input(self, kind: DataType) -> Any:
        run = self._run
        try:
            return kind.decode(run.input)
        except UnfitError as error:
            # It fitted in the worker: this process has other code than that one.
            declared_by = (
                "the process of its handler (which has other code than its worker: restart that)"
            )
            raise task_input.incompatible(run.task_type, error, declared_by=declared_by) from error

    def _report(self, error: BaseException) -> ErrorReport:
        run = self._run
        report = ErrorReport.of(error)
        if isinstance(error, MemoryError) and run.max_memory is not None and memory.IS_ENFORCED:
            message = (
                f"its process needed more memory than the {memory.in_words(run.max_memory)} "
                f"(max_memory) of task type {run.task_type!r}"
            )
            return msgspec.structs.replace(report, code="memory_limit", message=message)
        if isinstance(error, SystemExit):
            words = exit_code_in_words(_exit_code(error))
            return msgspec.structs.replace(report, code=CRASHED, message=words)
        return report


def _leaves_ruins(error: BaseException) -> bool:
    """Whether this process may be in any state now: these come at any place in any library."""
    return isinstance(error, MemoryError | SystemExit | TaskInterrupted)


def _types(found: Any, input_parameter: str) -> tuple[DataType, DataType]:
    """The types of the input and the output."""
    if isinstance(found, TaskType):
        return found.input, found.output
    hints = get_type_hints(found, include_extras=True)
    return data_type(hints[input_parameter], "input"), data_type(hints["return"], "output")


def _handler(found: Any) -> Callable[..., Any]:
    handler = found.handler if isinstance(found, TaskType) else found
    if not inspect.isfunction(handler):
        message = f"expected a handler where its task type says it is, found {found!r}"
        raise TypeError(message)
    return handler


def _exit_code(error: SystemExit) -> int:
    """As Python itself ends with."""
    if error.code is None:
        return 0
    return error.code if isinstance(error.code, int) else 1
