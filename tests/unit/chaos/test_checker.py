"""The checker finds each kind of violation, and takes nothing for one that is excused."""

import dataclasses

import pytest

from tests.chaos.checker import INVARIANTS, check
from tests.chaos.evidence import (
    LOST_DATA,
    QUEUES,
    Effect,
    Leftover,
    Misplaced,
    Slowness,
    Stall,
    State,
    Transition,
)
from tests.unit.chaos.made_up import BAND, Story, at, evidence, fault, life


def broken(found):
    """The invariants that are broken."""
    return {each.invariant for each in check(found)}


def simple(number=1, **fields):
    """A task that runs once for a second."""
    return Story(number, **fields).posted().started(1.0).succeeded(2.0)


def test_a_run_in_which_all_went_well_has_no_violations():
    retried = Story(2).posted().started(1).failed(1.1, again=True).started(1.3).succeeded(1.4)
    failed = Story(3).posted()
    for moment in (1, 2, 3):
        failed.started(moment).failed(moment + 0.1, again=moment < 3)
    snoozed = Story(4).posted().started(1).given_back(1.1, how="snooze").started(2).succeeded(3)

    assert broken(evidence(simple(1), retried, failed, snoozed)) == set()


def test_every_invariant_has_a_sentence():
    assert all(each.__doc__ for each in INVARIANTS.values())


# --- acceptance -----------------------------------------------------------------------------------


def test_an_accepted_task_that_is_missing():
    task = simple()
    found = evidence(task, rows={}, transitions={}, executions={})
    assert broken(found) == {"accepted_tasks_are_kept"}


def test_a_task_that_was_refused_may_be_missing_or_there():
    task = simple()
    task.post_status = None
    assert broken(evidence(task)) == set()
    assert broken(evidence(task, rows={}, transitions={}, executions={})) == set()


def test_a_post_that_made_two_tasks():
    first, second = simple(1), simple(2)
    second.key = first.key
    assert broken(evidence(first, second)) == {"accepted_tasks_are_kept"}


def test_a_task_that_nobody_posted():
    assert broken(evidence(simple(), posts=[])) == {"accepted_tasks_are_kept"}


def test_a_task_that_does_not_end():
    assert broken(evidence(Story(1).posted())) == {"tasks_end_once"}


# --- outcomes -------------------------------------------------------------------------------------


def test_an_outcome_that_is_overwritten():
    task = simple()
    task._change(3.0, result='{"run": 0}')
    assert broken(evidence(task)) == {"outcomes_stand"}


def test_a_task_that_ended_and_starts_again():
    task = simple().started(3.0).succeeded(4.0)
    assert {"outcomes_stand", "tasks_end_once"} <= broken(evidence(task))


def test_an_execution_after_the_outcome():
    task = simple()
    task.executions.append(dataclasses.replace(task.executions[0], run=2))
    assert "outcomes_stand" in broken(evidence(task))


def test_the_result_of_an_earlier_run():
    task = Story(1).posted().started(1.0).started(3.0, worker=2).succeeded(4.0)
    row = dataclasses.replace(task.row(), result_run=1)
    dead = [life(1, ended=at(2.0), killed=True), life(2)]
    assert broken(evidence(task, lives=dead)) == set()
    found = evidence(task, lives=dead, rows={task.id: row})
    assert broken(found) == {"outcomes_are_of_the_last_run"}


def test_a_success_of_a_handler_that_did_not_return():
    task = simple()
    task.returned(2.0, how="error")
    assert broken(evidence(task)) == {"outcomes_are_of_the_last_run"}


# --- limits ---------------------------------------------------------------------------------------


def narrow(count, *, worker=1):
    return [
        Story(number, queue="narrow", kind="chaos.narrow")
        .posted()
        .started(1.0, worker=number % 2 + worker)
        .succeeded(3.0)
        for number in range(1, count + 1)
    ]


def test_more_than_the_global_concurrency():
    assert QUEUES["narrow"].global_concurrency == 3
    assert broken(evidence(*narrow(3))) == set()
    assert broken(evidence(*narrow(4))) == {"global_concurrency_holds"}


def test_a_frozen_worker_does_not_execute_while_it_is():
    first, second, third, fourth = narrow(4)
    fourth.transitions.clear()
    fourth.executions.clear()
    fourth.state = State(status="pending", run=0, attempts=0, losses=0)
    fourth.posted().started(2.0, worker=3).succeeded(2.4)
    frozen = [life(1, frozen=((at(1.5), at(2.5)),)), life(2), life(3)]
    assert broken(evidence(first, second, third, fourth, lives=frozen)) == set()
    short = [life(1, frozen=((at(1.5), at(1.7)),)), life(2), life(3)]
    assert broken(evidence(first, second, third, fourth, lives=short)) == {
        "global_concurrency_holds"
    }


def test_a_run_that_lost_its_lease_while_its_worker_stood_still_does_not_count_after_it():
    thawed = Story(1, queue="narrow").posted().started(1.0, worker=3)
    thawed.started(3.2).returned(3.6, how="cancelled:lease_lost", which=0).succeeded(3.7)
    late = [
        Story(number, queue="narrow").posted().started(3.3, worker=2).succeeded(3.5)
        for number in (60, 61)
    ]
    lives = [life(1), life(2), life(3)]
    stalls = [Stall(pid=3, began=at(1.1), ended=at(3.1))]
    assert broken(evidence(thawed, *late, lives=lives, stalls=stalls)) == set()
    awake = evidence(thawed, *late, lives=lives)
    assert broken(awake) == {"losses_are_deaths", "global_concurrency_holds"}


@pytest.mark.parametrize(("ended", "expected"), [(3.2, set()), (3.6, {"global_concurrency_holds"})])
def test_a_worker_that_stood_still_learns_soon_what_it_has_lost(ended, expected):
    thawed = Story(1, queue="narrow").posted().started(1.0, worker=3).succeeded(ended)
    others = [
        Story(number, queue="narrow").posted().started(3.0, worker=2 - number % 2).succeeded(4.0)
        for number in (60, 61, 62)
    ]
    lives = [life(1), life(2), life(3)]
    stalls = [Stall(pid=3, began=at(1.1), ended=at(3.1))]
    assert broken(evidence(thawed, *others, lives=lives, stalls=stalls)) == expected


@pytest.mark.parametrize(
    ("lives", "faults", "expected"),
    [
        ([life(1)], [], {"losses_are_deaths"}),
        ([life(1)], [fault(Effect.WIPED, 1.5, 1.6)], {"losses_are_deaths"}),
        ([life(1)], [fault(Effect.WIPED, 0.95, 0.96)], set()),
        ([life(1, frozen=((at(1.1), at(1.9)),))], [], set()),
    ],
)
def test_a_live_worker_is_refused_no_lease(lives, faults, expected):
    task = Story(1).posted().claimed(0.9).started(1.0).refused(2.0)
    task.claimed(2.1).started(2.2).succeeded(3.0)
    assert broken(evidence(task, lives=lives, faults=faults)) == expected


def test_more_than_a_workers_concurrency():
    assert QUEUES["narrow"].concurrency == 2
    tasks = [Story(each, queue="narrow").posted().started(1.0).succeeded(2.0) for each in (1, 2, 3)]
    assert broken(evidence(*tasks)) == {"concurrency_holds"}


@pytest.mark.parametrize(("apart", "expected"), [(0.05, set()), (0.049, {"rate_limits_hold"})])
def test_more_starts_than_the_rate_allows(apart, expected):
    assert QUEUES["rated"].rate_limit is not None
    assert QUEUES["rated"].rate_limit.limit == 20
    task = Story(1, queue="rated").posted()
    for number in range(25):
        task.claimed(0.5 + number * apart)
    task.started(1.9).succeeded(2.0)
    assert broken(evidence(task)) == expected
    wiped = [fault(Effect.WIPED, 0.5, 2.0)]
    assert broken(evidence(task, faults=wiped)) == set()


@pytest.mark.parametrize(("user", "expected"), [("b", set()), ("a", {"user_concurrency_holds"})])
def test_more_of_a_user_than_its_concurrency(user, expected):
    assert QUEUES["apart"].user_concurrency == 1
    tasks = [
        Story(1, queue="apart", user="a").posted().started(1.0).succeeded(2.0),
        Story(2, queue="apart", user=user).posted().started(1.5).succeeded(2.5),
    ]
    assert broken(evidence(*tasks)) == expected


@pytest.mark.parametrize(("user", "expected"), [("b", set()), ("a", {"user_rate_limits_hold"})])
def test_more_starts_of_a_user_than_its_rate_allows(user, expected):
    assert QUEUES["rated"].user_rate_limit is not None
    assert QUEUES["rated"].user_rate_limit.limit == 6
    first, second = Story(1, queue="rated", user="a"), Story(2, queue="rated", user=user)
    for number in range(4):
        first.claimed(0.5 + number * 0.2)
    for number in range(4):
        second.claimed(1.2 + number * 0.05)
    tasks = [each.posted(0.4).started(1.4).succeeded(2.0) for each in (first, second)]
    assert broken(evidence(*tasks)) == expected


# --- operations -----------------------------------------------------------------------------------


def test_a_task_that_is_cancelled_while_it_waits():
    task = Story(1).posted().asked("cancel", 1.0, 200).cancelled(1.05)
    assert broken(evidence(task)) == set()
    assert broken(evidence(task, requests=[])) == {"cancellations_are_kept"}
    assert "cancellations_are_kept" in broken(evidence(task.started(2.0)))


def test_a_task_that_is_cancelled_while_it_runs():
    task = Story(1).posted().started(1.0).asked("cancel", 1.5, 202).cancelled(1.55).stopped(1.6)
    assert broken(evidence(task)) == set()
    assert broken(evidence(task, requests=[])) == {"cancellations_are_kept"}


def test_a_success_may_beat_a_cancellation():
    task = Story(1).posted().started(1.0).asked("cancel", 1.5, 202).cancelled(1.55).succeeded(1.6)
    assert broken(evidence(task)) == set()


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, {"cancellations_are_kept"}),
        (202, {"cancellations_are_kept"}),
        (409, set()),
        (503, set()),
    ],
)
def test_a_cancellation_that_was_answered_is_on_record(status, expected):
    assert broken(evidence(simple().asked("cancel", 0.5, status))) == expected


def test_a_cancellation_that_was_not_answered_may_be_done_late():
    task = Story(1).posted().asked("cancel", 1.0, None).cancelled(5.0)
    assert broken(evidence(task)) == set()


def test_a_cancelled_task_does_not_wait_for_another_run():
    task = Story(1).posted().started(1.0).asked("cancel", 1.5, 202).cancelled(1.55)
    task.failed(1.6, again=True).started(1.8).succeeded(1.9)
    assert broken(evidence(task)) == {"cancellations_are_kept"}


def test_a_run_is_not_cancelled_for_what_somebody_wanted_of_an_earlier_life():
    task = Story(1).posted().asked("cancel", 1.0, 200).cancelled(1.05)
    task.asked("retry", 2.0, 202).retried(2.05).started(2.1).stopped(2.2)
    task.state = dataclasses.replace(task.state, cancel_requested=False)
    task.transitions[-1] = dataclasses.replace(task.transitions[-1], after=task.state)
    assert broken(evidence(task)) == {"cancellations_are_kept"}


@pytest.mark.parametrize(
    ("seconds", "faults", "expected"),
    [
        (1.5, [], set()),
        (5.0, [], {"recovery_is_timely"}),
        (5.0, [fault(Effect.REDIS_CUT, -1.0, -0.9)], set()),
        (5.0, [fault(Effect.DATABASE_AWAY, 3.0, 4.0)], set()),
    ],
)
def test_a_cancelled_run_stops_soon(seconds, faults, expected):
    task = Story(1).posted().started(1.0).asked("cancel", 1.5, 202).cancelled(1.55)
    assert broken(evidence(task.stopped(1.55 + seconds), faults=faults)) == expected


def failed_for_good():
    task = Story(1).posted()
    for moment in (1, 2, 3):
        task.started(moment).failed(moment + 0.1, again=moment < 3)
    return task


def test_a_task_that_is_retried_has_all_of_its_attempts_again():
    task = failed_for_good().asked("retry", 4.0, 202).retried(4.05)
    for moment in (5, 6):
        task.started(moment).failed(moment + 0.1, again=True)
    task.started(7.0).succeeded(7.1)
    assert broken(evidence(task)) == set()
    assert broken(evidence(task, requests=[])) == {"retries_begin_anew"}


@pytest.mark.parametrize(
    "wrong", [{"attempts": 3}, {"losses": 1}, {"run": 3}, {"cancel_requested": True}]
)
def test_a_retry_that_does_not_begin_anew(wrong):
    task = failed_for_good().asked("retry", 4.0, 202).retried(4.05, **wrong)
    assert "retries_begin_anew" in broken(evidence(task))


def test_a_retry_that_was_answered_and_did_nothing():
    task = failed_for_good().asked("retry", 4.0, 202)
    assert broken(evidence(task)) == {"retries_begin_anew"}


def test_a_retry_that_was_not_answered_may_be_done_or_not():
    task = failed_for_good().asked("retry", 4.0, None)
    assert broken(evidence(task)) == set()
    assert broken(evidence(task.retried(6.0).started(7.0).succeeded(8.0))) == set()


def test_the_outcome_before_a_retry_is_kept():
    task = failed_for_good().asked("retry", 4.0, 202).retried(4.05).started(5.0).succeeded(6.0)
    kept = {task.id: [each for each in task.attempts if each.run != 3]}
    assert broken(evidence(task, attempts=kept)) == {"retries_begin_anew"}


def test_a_task_that_was_retried_ends_once_more():
    task = failed_for_good().asked("retry", 4.0, 202).retried(4.05)
    assert broken(evidence(task)) == {"tasks_end_once"}


# --- checkpoints ----------------------------------------------------------------------------------


def test_a_step_may_be_repeated_until_it_is_kept():
    task = Story(1, kind="chaos.steps").posted().started(1.0).step(1.1, 1)
    task.started(3.0, worker=2).step(3.1, 1).kept(3.2, 1).step(3.3, 2).succeeded(4.0)
    dead = [life(1, ended=at(2.0), killed=True), life(2)]
    assert broken(evidence(task, lives=dead)) == set()
    task.steps.append(dataclasses.replace(task.steps[1], at=at(3.4)))
    assert broken(evidence(task, lives=dead)) == {"kept_steps_are_not_repeated"}


def test_what_a_run_does_that_was_given_up_is_nobodys_fault():
    task = Story(1, kind="chaos.steps").posted().started(1.0).step(1.1, 1).kept(1.2, 1)
    superseded = dataclasses.replace(task.steps[0], number=2, at=at(3.5))
    task.started(3.0, worker=2).step(3.1, 2).kept(3.2, 2).succeeded(4.0)
    task.steps.append(superseded)
    frozen = [life(1, frozen=((at(1.3), at(3.4)),)), life(2)]
    assert broken(evidence(task, lives=frozen)) == set()


def test_a_checkpoint_that_an_earlier_one_overwrites():
    task = Story(1, kind="chaos.steps").posted().started(1.0)
    task.kept(1.1, 1).kept(1.2, 2).kept(1.3, 1).succeeded(2.0)
    assert broken(evidence(task)) == {"kept_steps_are_not_repeated"}


# --- attempts -------------------------------------------------------------------------------------


def test_an_attempt_that_was_spent_by_no_failure():
    task = Story(1).posted().started(1.0).given_back(1.1, how="snooze")
    task.state = dataclasses.replace(task.state, attempts=1)
    task.started(2.0).succeeded(3.0)
    assert broken(evidence(task)) == {"attempts_are_failures"}


def test_more_attempts_than_allowed():
    task = Story(1).posted()
    for moment in (1, 2, 3, 4):
        task.started(moment).failed(moment + 0.1, again=moment < 4)
    assert broken(evidence(task)) == {"attempts_are_failures"}


def test_a_failure_without_its_record():
    task = Story(1).posted().started(1.0).failed(1.1, again=True).started(2.0).succeeded(3.0)
    task.attempts.clear()
    assert broken(evidence(task)) == {"attempts_are_failures"}


def test_a_task_that_is_given_up_too_early():
    task = Story(1).posted().started(1.0).failed(1.1, again=False)
    assert broken(evidence(task)) == {"tasks_are_given_up_for_a_reason"}


def test_a_failure_on_record_that_did_not_happen():
    task = Story(1).posted().started(1.0).failed(1.1, again=True).started(2.0).succeeded(3.0)
    task.returned(1.1, how="end", which=0)
    assert broken(evidence(task)) == {"tasks_are_given_up_for_a_reason"}


def test_a_process_that_crashed_is_a_failed_attempt():
    task = Story(1, queue="apart", kind="chaos.crash").posted()
    task.started(1.0).crashed(1.1, again=True).started(2.0).succeeded(3.0)
    assert broken(evidence(task)) == set()
    task.returned(1.1, how="end", which=0)
    assert broken(evidence(task)) == {"tasks_are_given_up_for_a_reason"}


# --- runs -----------------------------------------------------------------------------------------


def lost():
    """A task that is taken from worker 1, and given to worker 2."""
    return Story(1).posted().started(1.0).started(3.0, worker=2).succeeded(4.0)


@pytest.mark.parametrize(
    ("lives", "faults", "expected"),
    [
        ([life(1), life(2)], [], {"losses_are_deaths"}),
        ([life(1, ended=at(2.0), killed=True), life(2)], [], set()),
        ([life(1, ended=at(3.5), killed=True), life(2)], [], {"losses_are_deaths"}),
        ([life(1, frozen=((at(1.5), at(2.9)),)), life(2)], [], set()),
        ([life(1, frozen=((at(1.5), at(1.8)),)), life(2)], [], {"losses_are_deaths"}),
        ([life(1), life(2)], [fault(Effect.REWOUND, 2.0, 2.5)], set()),
        ([life(1), life(2)], [fault(Effect.REWOUND, -5.0, -4.0)], {"losses_are_deaths"}),
        ([life(1), life(2)], [fault(Effect.WIPED, 2.0, 2.5)], {"losses_are_deaths"}),
        ([life(1), life(2)], [fault(Effect.REDIS_AWAY, 1.5, 2.9)], {"losses_are_deaths"}),
    ],
)
def test_a_task_that_is_taken_from_its_worker(lives, faults, expected):
    assert broken(evidence(lost(), lives=lives, faults=faults)) == expected


def test_a_stalled_machine_excuses_a_loss_too():
    stalls = [Stall(pid=1, began=at(1.5), ended=at(2.9))]
    assert broken(evidence(lost(), stalls=stalls)) == set()


def test_a_gate_that_is_passed_twice_before_the_handler_is_called_is_no_loss():
    task = Story(1).posted().started(1.0)
    never_called = task.executions.pop()
    task.started(1.5, counted=False).succeeded(2.0)
    assert broken(evidence(task)) == set()
    task.executions.insert(0, never_called)
    assert "losses_are_deaths" in broken(evidence(task))


def test_a_loss_that_is_counted_where_none_was():
    task = Story(1).posted().started(1.0).failed(1.1, again=True)
    task.state = dataclasses.replace(task.state, losses=1)
    task.transitions[-1] = dataclasses.replace(task.transitions[-1], after=task.state)
    assert broken(evidence(task.started(2.0).succeeded(3.0))) == {"losses_are_counted"}


def test_a_hand_back_needs_a_worker_that_stops():
    task = Story(1).posted().started(1.0).given_back(1.1).started(2.0).succeeded(3.0)
    assert broken(evidence(task)) == {"runs_follow_from_each_other"}
    stopping = life(1, asked_to_stop=at(1.05), ended=at(1.2), exit_code=0)
    assert broken(evidence(task, lives=[stopping, life(1, started=1.5)])) == set()
    crashing = life(1, ended=at(1.3), exit_code=1)
    assert broken(evidence(task, lives=[crashing, life(1, started=1.5)])) == {"processes_live"}


@pytest.mark.parametrize(("kind", "version"), [("chaos.new", "old"), ("chaos.quick", "new")])
def test_a_run_that_never_began_is_handed_back(kind, version):
    task = Story(1, kind=kind).posted().started(1.0).given_back(1.1)
    task.executions.pop()
    task.started(2.0, worker=2).succeeded(3.0)
    assert broken(evidence(task, lives=[life(1, version=version), life(2)])) == set()


def test_a_run_that_is_executed_twice():
    task = simple()
    task.executions.append(dataclasses.replace(task.executions[0], started=at(5), ended=at(6)))
    assert broken(evidence(task)) == {"runs_follow_from_each_other"}


def test_an_execution_that_passed_no_gate():
    task = simple()
    task.executions.insert(0, dataclasses.replace(task.executions[0], run=0))
    assert broken(evidence(task)) == {"runs_follow_from_each_other"}


def thrice_lost(kind="chaos.poison"):
    lives = [life(each, ended=at(each + 0.5), killed=True) for each in (1, 2, 3)]
    task = Story(1, queue="grim", kind=kind).posted()
    for worker in (1, 2, 3, 4):
        task.started(worker, worker=worker)
    return task, [*lives, life(4)]


def test_poison_is_given_up_after_three_losses():
    task, lives = thrice_lost()
    assert broken(evidence(task.given_up(4.1), lives=lives)) == set()


def test_a_fourth_execution_after_three_losses():
    task, lives = thrice_lost("chaos.block")
    assert broken(evidence(task.succeeded(4.1), lives=lives)) == {"poison_ends"}


def test_poison_that_succeeds():
    task = simple(queue="grim", kind="chaos.poison")
    assert broken(evidence(task)) == {"poison_ends"}


def test_a_task_that_is_given_up_for_no_loss():
    task = Story(1).posted().started(1.0).given_up(1.1)
    assert broken(evidence(task)) == {"poison_ends"}


# --- the engine -----------------------------------------------------------------------------------


def test_a_lower_band_that_goes_first():
    task = Story(1).posted().claimed(0.9, score=5 * BAND + 9, left=5 * BAND + 1)
    assert broken(evidence(task.started(1.0).succeeded(2.0))) == set()
    task = Story(1).posted().claimed(0.9, score=5 * BAND + 9, left=3 * BAND + 99)
    assert broken(evidence(task.started(1.0).succeeded(2.0))) == {"higher_bands_go_first"}


@pytest.mark.parametrize(
    ("lives", "faults", "expected"),
    [
        ([life(1)], [], {"running_tasks_are_in_the_engine"}),
        ([life(1)], [fault(Effect.WIPED, 1.5, 1.6)], set()),
        ([life(1)], [fault(Effect.WIPED, 0.5, 0.6)], {"running_tasks_are_in_the_engine"}),
        ([life(1)], [fault(Effect.REDIS_AWAY, 1.5, 1.6)], {"running_tasks_are_in_the_engine"}),
        (
            [life(1)],
            [fault(Effect.WIPED, 1.5, 1.6, queue="grim")],
            {"running_tasks_are_in_the_engine"},
        ),
    ],
)
def test_a_running_task_that_is_nowhere_in_the_engine(lives, faults, expected):
    task = simple()
    look = Misplaced(task_id=task.id, queue="open", run=1, began=at(1.7), ended=at(1.8))
    assert broken(evidence(task, lives=lives, faults=faults, misplaced=[look])) == expected


def test_a_task_may_be_claimed_before_redis_is_wiped_and_started_after():
    task = Story(1).posted().claimed(0.5).started(1.0).succeeded(2.0)
    look = Misplaced(task_id=task.id, queue="open", run=1, began=at(1.1), ended=at(1.2))
    wiped = [fault(Effect.WIPED, 0.7, 0.8)]
    assert broken(evidence(task, faults=wiped, misplaced=[look])) == set()


@pytest.mark.parametrize(
    ("lives", "expected"),
    [
        ([life(1)], {"running_tasks_are_in_the_engine"}),
        ([life(1, ended=at(20.0), killed=True)], set()),
    ],
)
def test_a_live_worker_tells_a_wiped_engine_soon_what_it_runs(lives, expected):
    task = Story(1).posted().started(1.0).succeeded(60.0)
    look = Misplaced(task_id=task.id, queue="open", run=1, began=at(30.0), ended=at(30.1))
    wiped = [fault(Effect.WIPED, 1.5, 1.6)]
    assert broken(evidence(task, lives=lives, faults=wiped, misplaced=[look])) == expected


@pytest.mark.parametrize(
    ("lives", "faults", "expected"),
    [
        ([life(1)], [], {"ended_tasks_are_not_handed_out"}),
        ([life(1)], [fault(LOST_DATA, 1.5, 1.6)], set()),
        ([life(1)], [fault(Effect.REDIS_CUT, 1.5, 1.6)], set()),
        ([life(1)], [fault(Effect.DATABASE_CUT, 1.5, 1.6)], {"ended_tasks_are_not_handed_out"}),
        ([life(1, ended=at(2.1), killed=True)], [], set()),
        ([life(1, frozen=((at(2.1), at(2.9)),))], [], set()),
    ],
)
def test_the_id_of_an_ended_task_that_is_handed_out(lives, faults, expected):
    task = simple().claimed(0.9).claimed(3.0)
    assert broken(evidence(task, lives=lives, faults=faults)) == expected


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ([], {"ended_tasks_are_not_handed_out"}),
        ([fault(Effect.REDIS_CHANGED, -2.0, -1.0)], set()),
        ([fault(Effect.REDIS_CHANGED, -20.0, -19.0)], {"ended_tasks_are_not_handed_out"}),
        ([fault(Effect.REDIS_CUT, -2.0, -1.0)], {"ended_tasks_are_not_handed_out"}),
        ([fault(Effect.REDIS_CUT, 0.05, 0.15)], set()),
    ],
)
def test_a_task_that_is_handed_over_again_when_it_has_ended(faults, expected):
    task = Story(1).posted().handed_over(0.1).claimed(0.2).started(0.3).succeeded(0.4)
    task.handed_over(0.5).claimed(3.0)
    assert broken(evidence(task, faults=faults)) == expected


@pytest.mark.parametrize(
    ("building", "expected"), [(True, set()), (False, {"ended_tasks_are_not_handed_out"})]
)
def test_a_task_that_ends_while_an_index_is_filled(building, expected):
    task = Story(1).posted().handed_over(0.1).claimed(0.2).started(0.3).succeeded(0.4)
    task.handed_over(0.5, building=building).claimed(3.0)
    assert broken(evidence(task)) == expected


def test_an_audit_hands_nothing_over_that_was_in_line_when_it_looked():
    task = Story(1).posted().handed_over(0.1).claimed(0.2).started(0.3).succeeded(2.0)
    task.handed_over(2.1).claimed(3.0)
    changed = [fault(Effect.REDIS_CHANGED, -2.0, -1.0)]
    assert broken(evidence(task, faults=changed)) == {"ended_tasks_are_not_handed_out"}


def test_who_leads_next_looks_at_everything_too():
    task = Story(1).posted().handed_over(0.1).claimed(0.2).started(0.3).succeeded(0.4)
    task.handed_over(0.5).claimed(3.0)
    changed = [fault(Effect.REDIS_CHANGED, -12.0, -11.0)]
    dead = life(9, ended=at(-10.0), killed=True)
    assert broken(evidence(task, faults=changed, lives=[life(1), dead])) == set()


@pytest.mark.parametrize(
    ("moment", "expected"),
    [(1.08, set()), (3.0, {"ended_tasks_are_not_handed_out"})],
)
def test_a_task_may_be_handed_out_while_it_is_just_being_cancelled(moment, expected):
    task = Story(1).posted().handed_over(0.1).asked("cancel", 1.0, 200).cancelled(1.05)
    assert broken(evidence(task.claimed(moment))) == expected


@pytest.mark.parametrize(
    ("moment", "expected"), [(1.15, set()), (1.9, {"ended_tasks_are_not_handed_out"})]
)
def test_a_task_may_be_handed_out_that_is_cancelled_while_its_run_is_settled(moment, expected):
    task = Story(1).posted().claimed(0.9).started(1.0).given_back(1.1, how="snooze")
    task.asked("cancel", moment - 0.01, 200).cancelled(moment).claimed(3.0)
    assert broken(evidence(task)) == expected


@pytest.mark.parametrize(
    ("lives", "faults", "expected"),
    [
        ([life(1)], [], {"running_tasks_are_not_handed_out"}),
        ([life(1)], [fault(LOST_DATA, 1.5, 1.6)], set()),
        ([life(1)], [fault(Effect.REDIS_CUT, 1.5, 1.6)], set()),
        ([life(1)], [fault(Effect.DATABASE_CUT, 1.0, 1.1)], set()),
        ([life(1)], [fault(Effect.DATABASE_CUT, 2.0, 2.1)], {"running_tasks_are_not_handed_out"}),
        ([life(1, frozen=((at(1.1), at(2.9)),))], [], set()),
    ],
)
def test_the_id_of_a_running_task_that_is_handed_out(lives, faults, expected):
    task = Story(1).posted().claimed(0.9).started(1.0).claimed(3.0).succeeded(4.0)
    assert broken(evidence(task, lives=lives, faults=faults)) == expected


def test_a_queue_of_a_newer_layout_that_is_served():
    task = simple().claimed(0.9)
    newer = [fault(Effect.NEWER_LAYOUT, 0.5, 1.5, queue="open")]
    assert broken(evidence(task, faults=newer)) == {"newer_layouts_are_left_alone"}
    other = [fault(Effect.NEWER_LAYOUT, 0.5, 1.5, queue="grim")]
    assert broken(evidence(task, faults=other)) == set()


@pytest.mark.parametrize(
    ("name", "seconds", "expected"),
    [
        ("chaos:{open}:epoch", -1, set()),
        ("chaos:{open}:workers", 1, set()),
        ("chaos:{open}:waiting", -1, {"nothing_is_left_behind"}),
        ("result:1", 80_000, set()),
        ("result:1", -1, {"nothing_is_left_behind"}),
    ],
)
def test_keys_that_stay(name, seconds, expected):
    leftover = Leftover(name=name, kind="zset", size=1, seconds=seconds)
    assert broken(evidence(simple(), leftovers=[leftover])) == expected


# --- recovery -------------------------------------------------------------------------------------


def test_a_dead_workers_task_that_waits_too_long():
    dead = [life(1, ended=at(2.0), killed=True), life(2)]
    soon = Story(1).posted().started(1.0).started(5.0, worker=2).succeeded(6.0)
    assert broken(evidence(soon, lives=dead)) == set()
    late = Story(1).posted().started(1.0).started(30.0, worker=2).succeeded(31.0)
    assert broken(evidence(late, lives=dead)) == {"recovery_is_timely"}
    away = [fault(Effect.DATABASE_AWAY, 3.0, 25.0)]
    assert broken(evidence(late, lives=dead, faults=away)) == set()


@pytest.mark.parametrize(("factor", "expected"), [(2.0, {"recovery_is_timely"}), (9.0, set())])
def test_a_machine_that_is_busy_with_others_gives_more_time(factor, expected):
    dead = [life(1, ended=at(2.0), killed=True), life(2)]
    late = Story(1).posted().started(1.0).started(30.0, worker=2).succeeded(31.0)
    slowness = [Slowness(at=at(second), factor=factor) for second in (5.0, 25.0)]
    before = Slowness(at=at(1.0), factor=100.0)
    assert broken(evidence(late, lives=dead, slowness=[before, *slowness])) == expected


def test_a_dead_workers_task_may_wait_for_those_before_it_in_line():
    dead = [life(1, ended=at(2.0), killed=True), life(2)]
    late = Story(1).posted().started(1.0).claimed(30.0, score=5.0).started(30.1, worker=2)
    late.succeeded(31.0)
    for score, expected in ((4.0, set()), (6.0, {"recovery_is_timely"})):
        other = Story(2).posted().claimed(20.0, score=score).started(20.1).succeeded(21.0)
        assert broken(evidence(late, other, lives=[*dead, life(1, started=19.0)])) == expected


def test_a_wiped_queue_that_waits_too_long():
    wiped = [fault(Effect.WIPED, 1.0, 1.0)]
    soon = Story(1).posted().claimed(3.0).started(3.0).succeeded(4.0)
    assert broken(evidence(soon, faults=wiped)) == set()
    late = Story(1).posted().claimed(30.0).started(30.0).succeeded(31.0)
    assert broken(evidence(late, faults=wiped)) == {"recovery_is_timely"}


# --- processes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (life(3, ended=at(5.0), exit_code=1), {"processes_live"}),
        (life(3, ended=at(5.0), exit_code=-9, killed=True), set()),
        (life(3, ended=at(5.0), exit_code=0, asked_to_stop=at(4.0)), set()),
        (life(3, ended=at(5.0), exit_code=1, asked_to_stop=at(4.0)), {"processes_live"}),
        (life(3, ended=at(50), exit_code=0, asked_to_stop=at(4.0)), {"processes_live"}),
        (life(3, started=3.5, ended=at(4.1), exit_code=-15, asked_to_stop=at(4.0)), set()),
    ],
)
def test_a_process_that_ends(ended, expected):
    assert broken(evidence(simple(), lives=[life(1), ended])) == expected


def test_a_poisoned_process_may_end():
    task, lives = thrice_lost()
    lives[0] = life(1, ended=at(1.5), exit_code=-9)
    assert broken(evidence(task.given_up(4.1), lives=lives)) == set()


def test_a_violation_tells_the_story():
    task = simple()
    task.transitions.append(
        Transition(at=at(3.0), task_id=task.id, before=task.state, after=task.state)
    )
    (violation,) = check(evidence(task))
    assert str(task.id) in violation.message
    assert any("pending run 0" in line for line in violation.proof)
