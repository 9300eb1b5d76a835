"""An outcome stands, and is that of the last run."""

from __future__ import annotations

from collections.abc import Iterator

from tests.chaos.checker.circumstances import Circumstances
from tests.chaos.checker.finding import Finding
from tests.chaos.evidence import ENDED, clock


def outcomes_stand(circumstances: Circumstances) -> Iterator[Finding]:
    """Once a task has ended nothing of it changes, and it does not run again.

    Unless somebody has it retried: `retries_begin_anew` says what that may change.
    """
    evidence = circumstances.evidence
    for task_id, transitions in evidence.transitions.items():
        for each in transitions:
            ended = each.before is not None and each.before.status in ENDED
            if ended and not each.begins_anew:
                yield Finding(
                    message=f"task {task_id} had ended, and was written to at {clock(each.at)}",
                    proof=circumstances.story(task_id),
                )
        row = evidence.rows.get(task_id)
        if row is None or row.status not in ENDED:
            continue
        for execution in evidence.executions.get(task_id, ()):
            if execution.run > row.run:
                yield Finding(
                    message=f"task {task_id} ended with run {row.run}, and ran again",
                    proof=circumstances.story(task_id),
                )


def outcomes_are_of_the_last_run(circumstances: Circumstances) -> Iterator[Finding]:
    """A recorded success was returned by the run that holds the fence, and by its handler."""
    evidence = circumstances.evidence
    for row in evidence.rows.values():
        if row.status != "success":
            continue
        if row.result_run != row.run:
            yield Finding(
                message=f"task {row.id} is at run {row.run}, with the result of {row.result_run}",
                proof=circumstances.story(row.id),
            )
        ended = {each.run for each in evidence.executions.get(row.id, ()) if each.how == "end"}
        if row.run not in ended:
            yield Finding(
                message=f"task {row.id} succeeded in run {row.run}, whose handler did not return",
                proof=circumstances.story(row.id),
            )
