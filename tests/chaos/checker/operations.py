"""What users asked for is done, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from uuid import UUID

from tests.chaos.checker.circumstances import Circumstances
from tests.chaos.checker.finding import Finding
from tests.chaos.evidence import Request, State, Transition, clock

_CANCELLED = frozenset({HTTPStatus.OK, HTTPStatus.ACCEPTED})


def cancellations_are_kept(circumstances: Circumstances) -> Iterator[Finding]:
    """A cancellation that was answered is on record, and no run begins after it.

    What waits is cancelled with it. What runs may still succeed or fail, but does not run again;
    `tasks_end_once` says that it ends, and `recovery_is_timely` how soon. Nothing is cancelled that
    nobody asked for.
    """
    for task_id, transitions in circumstances.evidence.transitions.items():
        wanted = circumstances.requests(task_id, "cancel")
        for request in wanted:
            if request.status in _CANCELLED and not _is_on_record(transitions, request):
                yield Finding(
                    message=f"task {task_id} was to be cancelled, and nothing says so",
                    proof=[request, *circumstances.story(task_id)],
                )
        yield from _unwanted(circumstances, task_id, transitions, wanted)
        for each in transitions:
            if _goes_on(each):
                yield Finding(
                    message=f"task {task_id} goes on at {clock(each.at)}, though it is cancelled",
                    proof=circumstances.story(task_id),
                )


def retries_begin_anew(circumstances: Circumstances) -> Iterator[Finding]:
    """A retry that was answered opened the task once: all attempts, no losses, the next run.

    Only what failed or was cancelled is opened again, its outcome is kept, and nothing is opened
    that nobody asked for.
    """
    evidence = circumstances.evidence
    for task_id, transitions in evidence.transitions.items():
        left = [each for each in transitions if each.begins_anew]
        for each in left:
            if not _is_retried(each):
                yield Finding(
                    message=f"task {task_id} is opened again at {clock(each.at)}, but not anew",
                    proof=circumstances.story(task_id),
                )
            if each.before is not None and not _is_kept(circumstances, task_id, each.before):
                yield Finding(
                    message=f"the outcome that task {task_id} had before is not kept",
                    proof=[*evidence.attempts.get(task_id, ()), *circumstances.story(task_id)],
                )
        wanted = circumstances.requests(task_id, "retry")
        for request in wanted:
            if request.status == HTTPStatus.ACCEPTED:
                done = [each for each in left if request.began <= each.at <= request.ended]
                left = [each for each in left if each not in done]
                if len(done) != 1:
                    yield Finding(
                        message=f"a retry opened task {task_id} {len(done)} times",
                        proof=[request, *circumstances.story(task_id)],
                    )
        unknown = [each for each in wanted if each.is_unknown]
        if len(left) > len(unknown) or any(
            request.began > each.at for request, each in zip(unknown, left, strict=False)
        ):
            yield Finding(
                message=f"task {task_id} was opened again, and nobody asked for it",
                proof=circumstances.story(task_id),
            )


def _is_on_record(transitions: Sequence[Transition], request: Request) -> bool:
    return any(each.asks_to_cancel and each.at <= request.ended for each in transitions)


def _unwanted(
    circumstances: Circumstances,
    task_id: UUID,
    transitions: Sequence[Transition],
    wanted: Sequence[Request],
) -> Iterator[Finding]:
    for each in transitions:
        by_itself = each.ends and each.after is not None and each.after.status == "cancelled"
        if by_itself and each.after is not None and not each.after.cancel_requested:
            yield Finding(
                message=f"task {task_id} was cancelled at {clock(each.at)}, by whatever",
                proof=circumstances.story(task_id),
            )
        if each.asks_to_cancel and not any(
            request.began <= each.at and (request.is_unknown or each.at <= request.ended)
            for request in wanted
        ):
            yield Finding(
                message=f"nobody asked for the cancellation of task {task_id} at {clock(each.at)}",
                proof=circumstances.story(task_id),
            )


def _goes_on(transition: Transition) -> bool:
    """Whether a task goes on here though it shall be cancelled."""
    before, after = transition.before, transition.after
    if after is None or not after.cancel_requested:
        return False
    waits = after.status == "pending"
    return waits or (before is not None and before.cancel_requested and transition.opens_run)


def _is_retried(transition: Transition) -> bool:
    before, after = transition.before, transition.after
    return (
        before is not None
        and after is not None
        and after.run == before.run + 1
        and (after.attempts, after.losses) == (0, 0)
        and not after.cancel_requested
        and after.run_at is None
    )


def _is_kept(circumstances: Circumstances, task_id: UUID, outcome: State) -> bool:
    """Whether an earlier outcome stays among the attempts.

    A cancellation came after the run, which may have failed: then that is what is kept of it.
    """
    return any(
        each.run == outcome.run
        and (each.error_code == outcome.error_code or outcome.status == "cancelled")
        for each in circumstances.evidence.attempts.get(task_id, ())
    )
