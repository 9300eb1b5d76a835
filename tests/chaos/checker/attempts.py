"""Attempts are within the policy, and spent by failures alone."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from tests.chaos.checker.circumstances import Circumstances
from tests.chaos.checker.finding import Finding

_HOW = {"worker_lost": None, "cancelled": None, "process_crashed": "crash"}
"""What a handler wrote down before an attempt with this code, if it wrote anything."""


def attempts_are_failures(circumstances: Circumstances) -> Iterator[Finding]:
    """What a task spent is what failed, and the success if there is one.

    So a death, a hand-back or a snooze that spent one shows. Whoever has a task retried gives it
    all of its attempts again.
    """
    evidence = circumstances.evidence
    for row in evidence.rows.values():
        failures = sum(
            each.run > _run_before(circumstances, row.id)
            for each in evidence.attempts.get(row.id, ())
        )
        if row.attempts > row.max_attempts:
            yield Finding(
                message=f"task {row.id} spent {row.attempts} of {row.max_attempts} attempts",
                proof=circumstances.story(row.id),
            )
        expected = failures + (row.status == "success")
        if row.status in {"success", "failed"} and row.attempts != expected:
            yield Finding(
                message=(
                    f"task {row.id} ended as {row.status} with {row.attempts} attempts spent and "
                    f"{failures} failed ones on record"
                ),
                proof=[*circumstances.story(row.id), *evidence.attempts.get(row.id, ())],
            )


def tasks_are_given_up_for_a_reason(circumstances: Circumstances) -> Iterator[Finding]:
    """A task whose handler fails is tried as often as its policy says, and no handler fails alone.

    Each failed attempt on record is one that its handler wrote down, or the end of its process; or
    it is no failure, but a cancellation.
    """
    evidence = circumstances.evidence
    for row in evidence.rows.values():
        failed = row.status == "failed" and row.error_code in {"handler_error", "process_crashed"}
        if failed and row.attempts < row.max_attempts:
            yield Finding(
                message=f"task {row.id} was given up after {row.attempts} attempts",
                proof=circumstances.story(row.id),
            )
        how = {each.run: each.how for each in evidence.executions.get(row.id, ())}
        for attempt in evidence.attempts.get(row.id, ()):
            expected = _HOW.get(attempt.error_code, "error")
            if expected is not None and how.get(attempt.run) != expected:
                yield Finding(
                    message=f"run {attempt.run} of task {row.id} did not fail, as the record says",
                    proof=[attempt, *circumstances.story(row.id)],
                )


def _run_before(circumstances: Circumstances, task_id: UUID) -> int:
    """The last run of a task before it was opened the last time."""
    rounds = circumstances.rounds(task_id)
    before = rounds[-1].opened.before if rounds else None
    return before.run if before is not None else 0
