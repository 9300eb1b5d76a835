"""The checker: what must hold, whatever was broken.

Each invariant is a small function over the evidence; a new one is a line below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.chaos.checker.acceptance import accepted_tasks_are_kept, tasks_end_once
from tests.chaos.checker.attempts import attempts_are_failures, tasks_are_given_up_for_a_reason
from tests.chaos.checker.checkpoints import kept_steps_are_not_repeated
from tests.chaos.checker.circumstances import Circumstances
from tests.chaos.checker.concurrency import (
    concurrency_holds,
    global_concurrency_holds,
    user_concurrency_holds,
)
from tests.chaos.checker.families import (
    batches_are_kept,
    batches_finish_once,
    callbacks_come_last,
    children_are_there_once,
)
from tests.chaos.checker.finding import Check, Finding, Violation
from tests.chaos.checker.index import (
    ended_tasks_are_not_handed_out,
    running_tasks_are_in_the_engine,
    running_tasks_are_not_handed_out,
)
from tests.chaos.checker.keys import nothing_is_left_behind
from tests.chaos.checker.layout import newer_layouts_are_left_alone
from tests.chaos.checker.operations import cancellations_are_kept, retries_begin_anew
from tests.chaos.checker.order import higher_bands_go_first
from tests.chaos.checker.outcomes import outcomes_are_of_the_last_run, outcomes_stand
from tests.chaos.checker.processes import processes_live
from tests.chaos.checker.rate import rate_limits_hold, user_rate_limits_hold
from tests.chaos.checker.recovery import recovery_is_timely
from tests.chaos.checker.runs import (
    losses_are_counted,
    losses_are_deaths,
    poison_ends,
    runs_follow_from_each_other,
)
from tests.chaos.evidence import Evidence

INVARIANTS: Mapping[str, Check] = {
    check.__name__: check
    for check in (
        accepted_tasks_are_kept,
        tasks_end_once,
        outcomes_stand,
        outcomes_are_of_the_last_run,
        cancellations_are_kept,
        retries_begin_anew,
        kept_steps_are_not_repeated,
        global_concurrency_holds,
        concurrency_holds,
        user_concurrency_holds,
        attempts_are_failures,
        tasks_are_given_up_for_a_reason,
        losses_are_deaths,
        losses_are_counted,
        poison_ends,
        runs_follow_from_each_other,
        higher_bands_go_first,
        running_tasks_are_in_the_engine,
        running_tasks_are_not_handed_out,
        ended_tasks_are_not_handed_out,
        rate_limits_hold,
        user_rate_limits_hold,
        recovery_is_timely,
        nothing_is_left_behind,
        processes_live,
        newer_layouts_are_left_alone,
        children_are_there_once,
        batches_are_kept,
        batches_finish_once,
        callbacks_come_last,
    )
}


def check(evidence: Evidence) -> Sequence[Violation]:
    """Everything that is wrong."""
    circumstances = Circumstances(evidence)
    return [
        Violation(
            invariant=name,
            message=finding.message,
            proof=[str(each) for each in finding.proof],
        )
        for name, invariant in INVARIANTS.items()
        for finding in invariant(circumstances)
    ]


__all__ = ["INVARIANTS", "Circumstances", "Finding", "Violation", "check"]
