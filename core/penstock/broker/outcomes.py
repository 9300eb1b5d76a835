"""From what a handler did to what the ledger records."""

from __future__ import annotations

import asyncio
import logging
import random
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from penstock.declarations import PermanentError, Snooze, TaskError, TaskType, TransientError
from penstock.ledger import (
    Failure,
    Ledger,
    LedgerUnavailableError,
    Outcome,
    StartedTask,
    Status,
)
from penstock.ledger.group_commit import GroupCommit

_LONGEST_PAUSE = 5.0
_CODE_LENGTH = 64
_TYPE_LENGTH = 255
_MESSAGE_LENGTH = 10_000
_TRACEBACK_LENGTH = 50_000
_log = logging.getLogger(__name__)


class NotStorableError(PermanentError):
    """A handler returned something that has no JSON, or not that of its declared output."""

    default_code = "result_not_storable"


def success(task: StartedTask, task_type: TaskType[Any, Any], value: Any) -> Outcome:
    """The outcome of a handler that returned ``value``.

    Raises:
        NotStorableError: if ``value`` has no JSON.
    """
    try:
        result = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, msgspec.MsgspecError) as error:
        message = (
            f"task type {task.type!r} returned {type(value).__name__}, which cannot be stored as "
            f"JSON: {error}; return its declared output, {task_type.output_type!r}"
        )
        raise NotStorableError(message) from error
    return _outcome(task, Status.SUCCESS, result=result)


def failure(
    task: StartedTask,
    task_type: TaskType[Any, Any],
    error: BaseException,
    random_source: random.Random,
) -> Outcome:
    """The outcome of a handler that raised ``error``: again later, or failed for good."""
    if isinstance(error, Snooze):
        return _outcome(
            task, Status.PENDING, run_at=datetime.now(UTC) + error.delay, spends_attempt=False
        )
    described = Failure(
        code=error.code[:_CODE_LENGTH] if isinstance(error, TaskError) else _code(error),
        message=_clean(str(error), _MESSAGE_LENGTH) or type(error).__name__,
        type=_type_name(error)[:_TYPE_LENGTH],
    )
    lines = traceback.format_exception(error)
    trace = _clean("".join(lines), _TRACEBACK_LENGTH)
    policy = task_type.retry
    permanent = isinstance(error, (PermanentError, *policy.non_retryable))
    if permanent or task.attempts >= task.max_attempts:
        return _outcome(task, Status.FAILED, error=described, traceback=trace)
    delay = policy.delay(task.attempts, random_source)
    if isinstance(error, TransientError) and error.retry_after is not None:
        delay = max(error.retry_after, timedelta(0))
    return _outcome(
        task,
        Status.PENDING,
        error=described,
        traceback=trace,
        run_at=datetime.now(UTC) + delay,
    )


def refused(task: StartedTask, code: str, message: str) -> Outcome:
    """The outcome of a task whose handler was not called at all, for good."""
    return _outcome(task, Status.FAILED, error=Failure(code, message, ""))


def cancelled(task: StartedTask, reason: str) -> Outcome:
    """The outcome of a run that somebody asked to stop, for good."""
    return _outcome(task, Status.CANCELLED, error=Failure("cancelled", reason, ""))


def handed_back(task: StartedTask, delay: timedelta = timedelta(0)) -> Outcome:
    """The outcome of a run that does not count: the task runs again after ``delay``."""
    run_at = datetime.now(UTC) + delay if delay else None
    return _outcome(task, Status.PENDING, run_at=run_at, spends_attempt=False)


def _outcome(task: StartedTask, status: Status, **fields: Any) -> Outcome:
    return Outcome(
        id=task.id,
        queue=task.queue,
        run=task.run,
        attempt=task.attempts,
        status=status,
        started_at=task.started_at,
        finished_at=datetime.now(UTC),
        **fields,
    )


def _code(error: BaseException) -> str:
    return "timeout" if isinstance(error, HandlerTimeoutError) else "handler_error"


def _type_name(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else _qualified(kind)


def _qualified(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _clean(text: str, length: int) -> str:
    """``text`` as a database takes it: no NUL, no lone surrogates, not endless."""
    storable = text.encode("utf-8", "replace").decode().replace("\0", "\\0")
    return storable if len(storable) <= length else storable[: length - 1] + "…"


class HandlerTimeoutError(Exception):
    """A run took longer than its task type's time-out."""


class OutcomeWriter:
    """Records outcomes in batches, and holds them while the database is away."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._commits = GroupCommit(self._record)

    async def write(self, outcome: Outcome) -> Outcome | None:
        """Record ``outcome``; returns what was recorded, once it is committed.

        That is ``None`` if the run was superseded: then its outcome is dropped. An outcome that
        the database refuses is recorded as a failure that says so. Instead of running again, a task
        that somebody wants cancelled is. The database being away only makes this take longer.
        """
        try:
            status = await self._commits.add(outcome)
        except Exception as error:  # noqa: BLE001
            # Usually a DBAPIError, which carries the database's own words.
            message = f"the database refused the outcome: {getattr(error, 'orig', error)}"
            _log.exception("task %s: %s", outcome.id, message)
            outcome = msgspec.structs.replace(
                outcome,
                status=Status.FAILED,
                result=None,
                run_at=None,
                traceback=None,
                error=Failure(NotStorableError.default_code, _clean(message, _MESSAGE_LENGTH), ""),
            )
            status = await self._commits.add(outcome)
        if status is None:
            return None
        if status is outcome.status:
            return outcome
        stopped = Failure("cancelled", "cancelled before it ran again", "")
        return msgspec.structs.replace(outcome, status=status, error=stopped, run_at=None)

    async def close(self, *, patience: float) -> None:
        """Wait until everything is committed, for at most ``patience`` seconds.

        What the database does not take until then is given up: its tasks run again when their
        leases have run out.
        """
        try:
            async with asyncio.timeout(patience):
                await self._commits.close()
        except TimeoutError:
            _log.error("%d outcomes are not recorded: their tasks run again", self._commits.size)
            await self._commits.abandon()

    async def _record(self, outcomes: Sequence[Outcome]) -> Sequence[Status | None]:
        pause = 0.1
        repeated = False
        while True:
            try:
                recorded = await self._ledger.record(outcomes)
            except LedgerUnavailableError as error:
                _log.warning("holding %d outcomes: %s", len(outcomes), error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                repeated = True
            else:
                # What the first try may have committed, the next one does not find open any more.
                return [
                    recorded.get((each.id, each.run), each.status if repeated else None)
                    for each in outcomes
                ]
