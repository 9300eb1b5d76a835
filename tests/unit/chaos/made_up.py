"""Evidence of runs that never were, to be bent by one test each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from tests.chaos.evidence import (
    QUEUES,
    SECOND,
    AttemptRow,
    BatchPost,
    BatchRow,
    Claimed,
    Effect,
    Enqueued,
    Evidence,
    Execution,
    FaultRecord,
    Life,
    Post,
    Refused,
    Request,
    Row,
    State,
    Step,
    Transition,
)

LEASE = 1.0
START = 1_000 * SECOND
BAND = 2**48


def at(seconds: float) -> int:
    """A moment of the run, by its seconds."""
    return START + round(seconds * SECOND)


def life(number: int, started: float = -10.0, **fields: Any) -> Life:
    """A worker; its process id is its number."""
    return Life(name=f"worker-{number}", role="worker", pid=number, started=at(started), **fields)


def fault(effects: Effect, began: float, ended: float, **fields: Any) -> FaultRecord:
    return FaultRecord(
        kind="made up", detail="", effects=effects, began=at(began), ended=at(ended), **fields
    )


class Story:
    """One task, told step by step; each step's moment is in seconds.

    Args:
        number: makes its id.
    """

    def __init__(
        self,
        number: int,
        *,
        queue: str = "open",
        kind: str = "chaos.quick",
        user: str | None = None,
    ) -> None:
        self.id = UUID(int=number)
        self.queue = queue
        self.kind = kind
        self.user = user
        self.key = f"{number:05}"
        self.state = State(status="pending", run=0, attempts=0, losses=0)
        self.transitions: list[Transition] = []
        self.executions: list[Execution] = []
        self.attempts: list[AttemptRow] = []
        self.claims: list[Claimed] = []
        self.handovers: list[Enqueued] = []
        self.refusals: list[Refused] = []
        self.requests: list[Request] = []
        self.steps: list[Step] = []
        self.saves: list[Step] = []
        self.post_status: int | None = 202
        self.parent: Story | None = None
        self.batch: Batch | None = None
        self.children = 0

    # -- what happens ------------------------------------------------------------------------------

    def posted(self, moment: float = 0.0) -> Story:
        self.transitions.append(Transition(at=at(moment), task_id=self.id, after=self.state))
        return self

    def handed_over(self, moment: float, *, building: bool = False) -> Story:
        self.handovers.append(
            Enqueued(queue=self.queue, at=at(moment), task_id=self.id, building=building)
        )
        return self

    def claimed(
        self, moment: float, *, score: float = 5.0 * BAND, left: float | None = None
    ) -> Story:
        self.claims.append(
            Claimed(queue=self.queue, at=at(moment), task_id=self.id, score=score, lowest_left=left)
        )
        return self

    def started(self, moment: float, *, worker: int = 1, counted: bool = True) -> Story:
        """Pass the start gate, and begin to execute.

        ``counted``: that the task is taken from its worker, if it has one, is a loss.
        """
        lost = self.state.status == "running"
        self._change(
            moment,
            status="running",
            run=self.state.run + 1,
            attempts=self.state.attempts + (not lost),
            losses=self.state.losses + (lost and counted),
            worker=f"host-{worker}-a1b2c3",
        )
        self.executions.append(
            Execution(
                task_id=self.id,
                queue=self.queue,
                run=self.state.run,
                attempt=self.state.attempts,
                pid=worker,
                started=at(moment),
            )
        )
        return self

    def returned(self, moment: float, *, how: str = "end", which: int = -1) -> Story:
        """An execution is over."""
        self.executions[which] = replace(self.executions[which], ended=at(moment), how=how)
        return self

    def succeeded(self, moment: float) -> Story:
        self.returned(moment)
        self._change(
            moment,
            status="success",
            result=f'{{"run": {self.state.run}}}',
            finished=at(moment),
        )
        return self

    def failed(self, moment: float, *, again: bool, code: str = "handler_error") -> Story:
        """The handler raised."""
        self.returned(moment, how="error")
        self._keep(code)
        self._change(
            moment,
            status="pending" if again else "failed",
            error_code=code,
            finished=None if again else at(moment),
        )
        return self

    def _keep(self, code: str) -> None:
        self.attempts.append(
            AttemptRow(
                task_id=self.id,
                run=self.state.run,
                attempt=self.state.attempts,
                error_code=code,
            )
        )

    def refused(self, moment: float) -> Story:
        """Its worker is told that it has lost the lease, and stops."""
        self.refusals.append(Refused(queue=self.queue, at=at(moment), task_id=self.id))
        return self.given_back(moment, how="cancelled:lease_lost")

    def given_back(self, moment: float, *, how: str = "cancelled:shutdown") -> Story:
        """The run ends without an outcome, and spends no attempt."""
        self.returned(moment, how=how)
        self._change(moment, status="pending", attempts=self.state.attempts - 1)
        return self

    def crashed(self, moment: float, *, again: bool) -> Story:
        """The process of the handler died."""
        self.failed(moment, again=again, code="process_crashed")
        return self.returned(moment, how="crash")

    def asked(
        self, kind: str, moment: float, status: int | None, *, answered: float | None = None
    ) -> Story:
        """Somebody wants it cancelled or retried; the answer comes after a tenth of a second."""
        ended = moment + 0.1 if answered is None else answered
        self.requests.append(
            Request(kind=kind, task_id=self.id, began=at(moment), ended=at(ended), status=status)
        )
        return self

    def cancelled(self, moment: float) -> Story:
        """It waits, and is cancelled at once; or it runs, and its worker is told."""
        if self.state.status == "running":
            self._change(moment, cancel_requested=True)
            return self
        self._end_as_cancelled(moment, run=self.state.run + 1)
        return self

    def stopped(self, moment: float) -> Story:
        """Its worker cancels it."""
        self.returned(moment, how="cancelled:cancelled")
        self._end_as_cancelled(moment)
        return self

    def _end_as_cancelled(self, moment: float, **fields: Any) -> None:
        self._change(
            moment,
            status="cancelled",
            error_code="cancelled",
            cancel_requested=True,
            finished=at(moment),
            **fields,
        )
        self._keep("cancelled")

    def retried(self, moment: float, **fields: Any) -> Story:
        """It begins anew."""
        anew = {
            "status": "pending",
            "run": self.state.run + 1,
            "attempts": 0,
            "losses": 0,
            "error_code": None,
            "cancel_requested": False,
            "finished": None,
        }
        self._change(moment, **{**anew, **fields})
        return self

    def step(self, moment: float, number: int) -> Story:
        """Its present run does a step."""
        self.steps.append(self._step(moment, number))
        return self

    def kept(self, moment: float, number: int) -> Story:
        """Its present run keeps a step."""
        self.saves.append(self._step(moment, number))
        return self

    def _step(self, moment: float, number: int) -> Step:
        return Step(task_id=self.id, run=self.state.run, number=number, at=at(moment))

    def given_up(self, moment: float) -> Story:
        """Lost too often: recorded by a run whose handler is not called."""
        self.executions.pop()
        self._keep("worker_lost")
        self._change(moment, status="failed", error_code="worker_lost", finished=at(moment))
        return self

    def _change(self, moment: float, **fields: Any) -> None:
        before = self.state
        self.state = replace(self.state, **fields)
        self.transitions.append(
            Transition(at=at(moment), task_id=self.id, before=before, after=self.state)
        )

    # -- what is on record -------------------------------------------------------------------------

    def row(self) -> Row:
        state = self.state
        return Row(
            id=self.id,
            key=self.key,
            type=self.kind,
            queue=self.queue,
            status=state.status,
            run=state.run,
            attempts=state.attempts,
            max_attempts=QUEUES[self.queue].retry.max_attempts,
            losses=state.losses,
            created=START,
            finished=state.finished,
            worker=state.worker,
            user=self.user,
            error_code=state.error_code if state.status == "failed" else None,
            result_run=state.run if state.status == "success" else None,
            parent_id=self.parent.id if self.parent else None,
            batch_id=self.batch.id if self.batch else None,
            children=self.children,
        )

    def post(self) -> Post:
        return Post(
            key=self.key,
            type=self.kind,
            began=START,
            ended=START,
            status=self.post_status,
            task_id=self.id if self.post_status == 202 else None,
        )


class Batch:
    """A batch of tasks, with its callback once there is one.

    Args:
        number: makes its id.
        tasks: those that were posted with it.
    """

    def __init__(self, number: int, *tasks: Story) -> None:
        self.id = UUID(int=number)
        self.name = f"batch-{number}"
        self.tasks = tasks
        self.callback: Story | None = None
        self.sealed: float | None = 0.0
        self.finished: float | None = None
        for place, each in enumerate(tasks):
            each.batch, each.key = self, f"{self.name}:{place}"

    def followed(self, moment: float, callback: Story) -> Batch:
        """It is finished, and its callback accepted."""
        self.finished, self.callback = moment, callback.posted(moment)
        callback.kind, callback.key = "chaos.callback", f"{self.name}:callback"
        return self

    def row(self) -> BatchRow:
        return BatchRow(
            id=self.id,
            name=self.name,
            total=len(self.tasks),
            sealed=None if self.sealed is None else at(self.sealed),
            finished=None if self.finished is None else at(self.finished),
            callback_id=self.callback.id if self.callback else None,
        )

    def post(self) -> BatchPost:
        return BatchPost(name=self.name, status=202, batch_id=self.id, tasks=len(self.tasks))


def evidence_of(*batches: Batch, others: Iterable[Story] = (), **fields: Any) -> Evidence:
    """A run of these batches, of their callbacks, and of other tasks."""
    stories = [each for batch in batches for each in (*batch.tasks, batch.callback) if each]
    found: dict[str, Any] = {
        "posts": [],
        "batches": {each.id: each.row() for each in batches},
        "batch_posts": [each.post() for each in batches],
    }
    return evidence(*stories, *others, **{**found, **fields})


def evidence(*stories: Story, lives: Iterable[Life] = (), **fields: Any) -> Evidence:
    """A run of these tasks, on workers 1 and 2 unless ``lives`` says otherwise."""
    found: dict[str, Any] = {
        "lease": LEASE,
        "posts": [each.post() for each in stories],
        "rows": {each.id: each.row() for each in stories},
        "attempts": {each.id: each.attempts for each in stories},
        "transitions": {each.id: each.transitions for each in stories},
        "executions": {each.id: each.executions for each in stories},
        "claims": sorted(
            (claim for each in stories for claim in each.claims), key=lambda each: each.at
        ),
        "refused": [refusal for each in stories for refusal in each.refusals],
        "enqueued": [handover for each in stories for handover in each.handovers],
        "requests": [request for each in stories for request in each.requests],
        "steps": [step for each in stories for step in each.steps],
        "saves": [save for each in stories for save in each.saves],
        "lives": list(lives) or [life(1), life(2)],
    }
    return Evidence(**{**found, **fields})
