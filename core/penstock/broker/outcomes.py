"""From what a handler did to what the ledger records."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

import msgspec

from penstock.broker.providers import Refusal
from penstock.declarations import (
    DeclarationError,
    PermanentError,
    RateLimitedError,
    RetryPolicy,
    TaskType,
)
from penstock.engine.provider_limits import FIRST_PAUSE, LONGEST_PAUSE
from penstock.ledger import (
    Failure,
    Ledger,
    LedgerUnavailableError,
    Outcome,
    StartedTask,
    Status,
)
from penstock.ledger.batches import TOO_LATE
from penstock.ledger.group_commit import GroupCommit
from penstock.ledger.transitions import CANCELLED, DEADLINE_EXCEEDED
from penstock.processes import result
from penstock.processes.error_report import ErrorReport
from penstock.processes.result import NotStorableError

_LONGEST_PAUSE = 5.0
# So many need not wait until no more come, which may be long where runs are quick.
_WORTH_A_COMMIT = 100
_CODE_LENGTH = 64
_TYPE_LENGTH = 255
_MESSAGE_LENGTH = 10_000
_TRACEBACK_LENGTH = 50_000
# Of a task that was rate-limited without being told for how long; the same for a provider.
_PAUSES = RetryPolicy(initial_interval=FIRST_PAUSE, max_interval=LONGEST_PAUSE)
_INSTEAD_OF_RUNNING_AGAIN = {
    Status.CANCELLED: Failure("cancelled", "cancelled before it ran again", ""),
    Status.FAILED: Failure(DEADLINE_EXCEEDED, TOO_LATE, ""),
}
_log = logging.getLogger(__name__)


def success(task: StartedTask, task_type: TaskType[Any, Any], value: Any, *, most: int) -> Outcome:
    """The outcome of a handler that returned ``value``.

    Raises:
        NotStorableError: if ``value`` has no JSON.
        TooLargeError: if that is more than ``most`` bytes.
    """
    encoded = result.encode(task.type, task_type.output, value, most=most)
    return _outcome(task, Status.SUCCESS, result=encoded.decode())


def failure(
    task: StartedTask,
    task_type: TaskType[Any, Any],
    report: ErrorReport,
    random_source: random.Random,
) -> Outcome:
    """The outcome of a handler that failed as ``report`` says: again later, or failed for good."""
    if report.delay is not None:
        return _outcome(
            task, Status.PENDING, run_at=datetime.now(UTC) + report.delay, spends_attempt=False
        )
    if report.is_a(RateLimitedError):
        # The longer, the more runs of this task have spent no attempt.
        times = max(1, task.run - task.attempts + 1)
        pause = report.retry_after or _PAUSES.delay(times, random_source)
        return _outcome(
            task, Status.PENDING, run_at=datetime.now(UTC) + pause, spends_attempt=False
        )
    # By the code of a cancellation, lists tell cancelled tasks from failed ones.
    said = None if report.code == CANCELLED else report.code
    described = Failure(
        code=(said or _code(report))[:_CODE_LENGTH],
        message=_clean(report.message, _MESSAGE_LENGTH),
        type=report.type_name[:_TYPE_LENGTH],
    )
    trace = _clean(report.traceback, _TRACEBACK_LENGTH)
    policy = task_type.retry
    # What it said of a declaration cannot be honoured, however often it says it.
    permanent = report.is_a(PermanentError, DeclarationError, *policy.non_retryable)
    if permanent or task.attempts >= task.max_attempts:
        return _outcome(task, Status.FAILED, error=described, traceback=trace)
    delay = policy.delay(task.attempts, random_source)
    if report.retry_after is not None:
        delay = max(report.retry_after, timedelta(0))
    return _outcome(
        task,
        Status.PENDING,
        error=described,
        traceback=trace,
        run_at=datetime.now(UTC) + delay,
    )


def refusal(task: StartedTask, report: ErrorReport) -> Refusal | None:
    """What ``report`` says of the provider of ``task``, if it says that this wants a pause."""
    if task.provider is None or not report.is_a(RateLimitedError):
        return None
    return Refusal(task.provider, report.retry_after)


def refused(task: StartedTask, code: str, message: str) -> Outcome:
    """The outcome of a task whose handler was not called at all, for good."""
    return _outcome(task, Status.FAILED, error=Failure(code, message, ""))


def cancelled(task: StartedTask, reason: str) -> Outcome:
    """The outcome of a run that somebody asked to stop, for good."""
    return _outcome(task, Status.CANCELLED, error=Failure(CANCELLED, reason, ""))


def handed_back(task: StartedTask, *, ran: bool = True) -> Outcome:
    """The outcome of a run that does not count: the task runs again.

    ``ran`` says whether the handler was called; if not, the task has not started.
    """
    return _outcome(task, Status.PENDING, spends_attempt=False, ran=ran)


def _outcome(task: StartedTask, status: Status, **fields: Any) -> Outcome:
    return Outcome(
        id=task.id,
        queue=task.queue,
        run=task.run,
        attempt=task.attempts,
        status=status,
        started_at=task.started_at,
        finished_at=datetime.now(UTC),
        batch_id=task.batch_id,
        **fields,
    )


def _code(report: ErrorReport) -> str:
    return "timeout" if report.is_a(HandlerTimeoutError) else "handler_error"


def _clean(text: str, length: int) -> str:
    """``text`` as a database takes it: no NUL, no lone surrogates, not endless."""
    storable = text.encode("utf-8", "replace").decode().replace("\0", "\\0")
    return storable if len(storable) <= length else storable[: length - 1] + "…"


class HandlerTimeoutError(Exception):
    """A run took longer than its task type's time-out."""


class DeadlineExceededError(PermanentError):
    """A run had not ended by its task's deadline."""

    default_code = DEADLINE_EXCEEDED


class Said(Protocol):
    """What runs have said of themselves."""

    def has_said(self, task_id: UUID, run: int) -> bool:
        """Whether there is anything to be flushed."""
        ...

    async def flush(self, task_id: UUID, run: int) -> None:
        """Return once all of it is written."""
        ...


class OutcomeWriter:
    """Records outcomes in batches, and holds them while the database is away.

    Args:
        ledger: takes them.
        batch_changed: told of the batches of which tasks have ended, once that is committed.
        said: what runs have said of themselves: that is to be there when they have ended.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        batch_changed: Callable[[Iterable[UUID]], None],
        said: Said,
    ) -> None:
        self._ledger = ledger
        self.batch_changed = batch_changed
        self._said = said
        self._commits = GroupCommit(self._record, enough=_WORTH_A_COMMIT)

    async def write(self, outcome: Outcome) -> Outcome | None:
        """Record ``outcome``; returns what was recorded, once it is committed.

        That is ``None`` if the run was superseded: then its outcome is dropped. An outcome that
        the database refuses is recorded as a failure that says so. Instead of running again, a task
        that somebody wants cancelled is, and one whose deadline leaves no time for it has failed.
        The database being away only makes this take longer.
        """
        await self._said.flush(outcome.id, outcome.run)
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
        return self.as_recorded(outcome, status)

    def begin(self, outcome: Outcome) -> asyncio.Future[Status | None] | None:
        """Record ``outcome``, and tell the status; for :meth:`as_recorded`.

        Nothing is done if something has to be awaited first, or if that fails: then :meth:`write`
        knows what to do.
        """
        if self._said.has_said(outcome.id, outcome.run):
            return None
        return self._commits.put(outcome)

    @staticmethod
    def as_recorded(outcome: Outcome, status: Status | None) -> Outcome | None:
        """What was recorded, by the status that was."""
        if status is None:
            return None
        if status is outcome.status:
            return outcome
        stopped = _INSTEAD_OF_RUNNING_AGAIN[status]
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
        while True:
            try:
                recorded = await self._ledger.record(outcomes)
            except LedgerUnavailableError as error:
                _log.warning("holding %d outcomes: %s", len(outcomes), error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                changed = {each.batch_id for each in outcomes if each.batch_id is not None}
                if changed:
                    self.batch_changed(changed)
                return [recorded.get((each.id, each.run)) for each in outcomes]
