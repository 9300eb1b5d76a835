"""Attempts are within the policy, and spent by failures alone."""

from __future__ import annotations

from collections.abc import Iterator

from tests.chaos.checker.circumstances import Circumstances
from tests.chaos.checker.finding import Finding


def attempts_are_failures(circumstances: Circumstances) -> Iterator[Finding]:
    """What a task spent is what failed, and the success if there is one.

    So a death, a hand-back or a snooze that spent one shows.
    """
    evidence = circumstances.evidence
    for row in evidence.rows.values():
        failures = len(evidence.attempts.get(row.id, ()))
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

    Each failed attempt on record is one that its handler wrote down.
    """
    evidence = circumstances.evidence
    for row in evidence.rows.values():
        failed = row.status == "failed" and row.error_code == "handler_error"
        if failed and row.attempts < row.max_attempts:
            yield Finding(
                message=f"task {row.id} was given up after {row.attempts} attempts",
                proof=circumstances.story(row.id),
            )
        raised = {each.run for each in evidence.executions.get(row.id, ()) if each.how == "error"}
        for attempt in evidence.attempts.get(row.id, ()):
            if attempt.error_code != "worker_lost" and attempt.run not in raised:
                yield Finding(
                    message=f"run {attempt.run} of task {row.id} did not fail, as the record says",
                    proof=[attempt, *circumstances.story(row.id)],
                )
