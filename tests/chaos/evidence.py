"""Everything that is known of a run once it is over.

Times are nanoseconds since 1970, on the one clock of this machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Flag, auto
from http import HTTPStatus
from uuid import UUID

from tests.chaos_plugin import penstock_chaos as plugin

SECOND = 1_000_000_000
ENDED = frozenset({"success", "failed", "cancelled"})
QUEUES = {each.name: each for each in plugin.penstock_queues()}


class Effect(Flag):
    """What a fault does to those who are not its target; checks excuse by these, not by names."""

    NONE = 0
    WIPED = auto()
    """Redis lost everything, epochs included."""
    REWOUND = auto()
    """Redis has older data, with the epochs of now."""
    REDIS_AWAY = auto()
    """Nobody, or not everybody, reached Redis."""
    REDIS_CUT = auto()
    """Connections to Redis were closed: a command may have been carried out unanswered."""
    REDIS_SLOW = auto()
    DATABASE_AWAY = auto()
    DATABASE_CUT = auto()
    """Connections to the database were closed: a commit may have been carried out unanswered."""
    DATABASE_SLOW = auto()
    NEWER_LAYOUT = auto()
    """The queue `queue` belonged to a newer version for a while, which then removed its keys."""
    REDIS_CHANGED = auto()
    """Another process serves as Redis afterwards: the leader audits everything."""


LOST_DATA = Effect.WIPED | Effect.REWOUND
REDIS_TROUBLE = LOST_DATA | Effect.REDIS_AWAY | Effect.REDIS_CUT | Effect.NEWER_LAYOUT
DATABASE_TROUBLE = Effect.DATABASE_AWAY | Effect.DATABASE_CUT


@dataclass(frozen=True, kw_only=True)
class FaultRecord:
    """A fault as it happened."""

    kind: str
    detail: str
    effects: Effect
    began: int
    ended: int
    queue: str | None = None
    """The only queue that it concerns."""

    def __str__(self) -> str:
        return f"{self.kind} {self.detail} from {clock(self.began)} to {clock(self.ended)}"


@dataclass(frozen=True, kw_only=True)
class Life:
    """One process, from its start to its end."""

    name: str
    role: str
    pid: int
    started: int
    version: str = "new"
    asked_to_stop: int | None = None
    ended: int | None = None
    exit_code: int | None = None
    killed: bool = False
    """By the driver; a poisonous task kills without it."""
    frozen: Sequence[tuple[int, int]] = ()

    def __str__(self) -> str:
        ended = "lives" if self.ended is None else f"ended {clock(self.ended)}"
        return f"{self.name} (pid {self.pid}) started {clock(self.started)}, {ended}"


@dataclass(frozen=True, kw_only=True)
class Post:
    """One attempt to submit a task."""

    key: str
    type: str
    began: int
    ended: int
    status: int | None
    """The answer's status; ``None`` if there was none, so that the task may exist or not."""
    task_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Request:
    """One attempt to have a task cancelled, or to have it retried."""

    kind: str
    task_id: UUID
    began: int
    ended: int
    status: int | None
    """The answer's status; ``None`` if there was none, so that it may have been done or not."""

    @property
    def is_unknown(self) -> bool:
        """Whether it may have been done, or be done yet."""
        return self.status is None or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    def __str__(self) -> str:
        return f"{clock(self.began)} {self.kind} asked for, at {clock(self.ended)} {self.status}"


@dataclass(frozen=True, kw_only=True)
class BatchPost:
    """One attempt to submit a batch, or to add to it.

    ``tasks`` is how many it has at least if this was accepted; ``status`` as of :class:`Post`.
    """

    name: str
    status: int | None
    batch_id: UUID | None
    tasks: int


@dataclass(frozen=True, kw_only=True)
class BatchRow:
    """A batch's row at the end."""

    id: UUID
    name: str
    total: int
    sealed: int | None
    finished: int | None
    callback_id: UUID | None

    def __str__(self) -> str:
        def shown(at: int | None) -> str:
            return "never" if at is None else clock(at)

        return (
            f"batch {self.id} {self.name} of {self.total}: sealed {shown(self.sealed)}, finished "
            f"{shown(self.finished)}, callback {self.callback_id}"
        )


@dataclass(frozen=True, kw_only=True)
class Row:
    """A task's row at the end."""

    id: UUID
    key: str
    type: str
    queue: str
    status: str
    run: int
    attempts: int
    max_attempts: int
    losses: int
    created: int
    finished: int | None = None
    run_at: int | None = None
    worker: str | None = None
    user: str | None = None
    error_code: str | None = None
    result_run: int | None = None
    """The run that returned the result, by the result itself."""
    parent_id: UUID | None = None
    batch_id: UUID | None = None
    children: int = 0
    """How many it is to enqueue."""

    def __str__(self) -> str:
        return (
            f"row {self.id} {self.type}: {self.status} {self.error_code or ''} run {self.run}, "
            f"attempts {self.attempts}/{self.max_attempts}, losses {self.losses}, "
            f"worker {self.worker}, result of run {self.result_run}"
        )


@dataclass(frozen=True, kw_only=True)
class AttemptRow:
    """A failed attempt's row at the end."""

    task_id: UUID
    run: int
    attempt: int
    error_code: str


@dataclass(frozen=True, kw_only=True)
class State:
    """A task's row at one moment."""

    status: str
    run: int
    attempts: int
    losses: int
    worker: str | None = None
    error_code: str | None = None
    result: str | None = None
    run_at: int | None = None
    finished: int | None = None
    cancel_requested: bool = False


@dataclass(frozen=True, kw_only=True)
class Transition:
    """A committed change of a task's row, as the database itself noted it."""

    at: int
    task_id: UUID
    before: State | None = None
    after: State | None = None

    @property
    def opens_run(self) -> bool:
        """Whether the task passed the start gate here."""
        return (
            self.before is not None
            and self.after is not None
            and self.after.run > self.before.run
            and self.after.status == "running"
        )

    @property
    def closes_run(self) -> bool:
        """Whether the task was taken out of a run here."""
        return (
            self.before is not None
            and self.before.status == "running"
            and (self.after is None or self.after.status != "running")
        )

    @property
    def ends(self) -> bool:
        """Whether the task got its outcome here."""
        return (
            self.after is not None
            and self.after.status in ENDED
            and (self.before is None or self.before.status not in ENDED)
        )

    @property
    def begins_anew(self) -> bool:
        """Whether a task that had not succeeded was opened again here."""
        return (
            self.before is not None
            and self.after is not None
            and self.before.status in {"failed", "cancelled"}
            and self.after.status == "pending"
        )

    @property
    def asks_to_cancel(self) -> bool:
        """Whether somebody's wish to cancel the task was written down here."""
        return (
            self.after is not None
            and self.after.cancel_requested
            and (self.before is None or not self.before.cancel_requested)
        )

    def __str__(self) -> str:
        def shown(state: State | None) -> str:
            if state is None:
                return "(no row)"
            code = f" {state.error_code}" if state.error_code else ""
            code += " (to be cancelled)" if state.cancel_requested else ""
            return (
                f"{state.status}{code} run {state.run} attempts {state.attempts} "
                f"losses {state.losses} worker {state.worker}"
            )

        return f"{clock(self.at)} {shown(self.before)} -> {shown(self.after)}"


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One call of a handler, as the handler wrote it down. ``pid`` is its worker's."""

    task_id: UUID
    queue: str
    run: int
    attempt: int
    pid: int
    started: int
    ended: int | None = None
    how: str | None = None
    """``end``, ``error``, ``crash``, ``snooze`` or ``cancelled:…``; ``None``: its worker died."""

    def __str__(self) -> str:
        ended = "…" if self.ended is None else clock(self.ended)
        return (
            f"execution of {self.task_id} run {self.run} in pid {self.pid}, "
            f"{clock(self.started)} to {ended} ({self.how})"
        )


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of a task that keeps checkpoints: that it was done, or that it was kept."""

    task_id: UUID
    run: int
    number: int
    at: int

    def __str__(self) -> str:
        return f"{clock(self.at)} step {self.number} of {self.task_id} in run {self.run}"


@dataclass(frozen=True, kw_only=True)
class Stall:
    """A process that did not get to run for a while, whoever's fault it was."""

    pid: int
    began: int
    ended: int


@dataclass(frozen=True, kw_only=True)
class Enqueued:
    """A task that the engine did not have and was handed, as Redis itself noted it."""

    queue: str
    at: int
    task_id: UUID
    building: bool = False
    """Whether the index was being filled: nothing was handed out of it yet."""

    def __str__(self) -> str:
        building = ", which was being built" if self.building else ""
        return f"{clock(self.at)} queue {self.queue}{building}, was handed {self.task_id}"


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A lease that a worker wanted to renew and has no more, as Redis itself noted it."""

    queue: str
    at: int
    task_id: UUID

    def __str__(self) -> str:
        return f"{clock(self.at)} queue {self.queue} refused the lease of {self.task_id}"


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A task that the engine handed out, as Redis itself noted it."""

    queue: str
    at: int
    task_id: UUID
    score: float
    lowest_left: float | None
    """The lowest score that was still waiting after it."""

    def __str__(self) -> str:
        return (
            f"{clock(self.at)} queue {self.queue} handed out {self.task_id} of score "
            f"{self.score:.0f}, and left {self.lowest_left or 0:.0f}"
        )


@dataclass(frozen=True, kw_only=True)
class Misplaced:
    """A task that was running in two looks at the ledger, and nowhere in the engine between."""

    task_id: UUID
    queue: str
    run: int
    began: int
    ended: int


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """A key in Redis after everything was done. ``seconds`` is its remaining life, -1: endless."""

    name: str
    kind: str
    size: int
    seconds: int


@dataclass(frozen=True, kw_only=True)
class Slowness:
    """How many times as long as on an idle machine things took around a moment."""

    at: int
    factor: float


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What the checks look at."""

    lease: float
    """In seconds."""
    drained: bool = True
    """Whether every task ended before the deadline."""
    posts: Sequence[Post] = ()
    requests: Sequence[Request] = ()
    batch_posts: Sequence[BatchPost] = ()
    batches: Mapping[UUID, BatchRow] = field(default_factory=dict)
    rows: Mapping[UUID, Row] = field(default_factory=dict)
    attempts: Mapping[UUID, Sequence[AttemptRow]] = field(default_factory=dict)
    transitions: Mapping[UUID, Sequence[Transition]] = field(default_factory=dict)
    """By task, in the order in which they happened."""
    executions: Mapping[UUID, Sequence[Execution]] = field(default_factory=dict)
    """By task, in the order in which they began."""
    steps: Sequence[Step] = ()
    """What tasks that keep checkpoints did, step by step."""
    saves: Sequence[Step] = ()
    """Which of their steps were kept."""
    stalls: Sequence[Stall] = ()
    enqueued: Sequence[Enqueued] = ()
    refused: Sequence[Refused] = ()
    claims: Sequence[Claimed] = ()
    """In the order in which they happened, like ``enqueued``."""
    faults: Sequence[FaultRecord] = ()
    lives: Sequence[Life] = ()
    misplaced: Sequence[Misplaced] = ()
    leftovers: Sequence[Leftover] = ()
    quiet_since: int = 0
    """When the last fault was over and everything was up again."""
    slowness: Sequence[Slowness] = ()


def clock(at: int) -> str:
    """A moment, readable and exact to a millisecond; the hour is the reader's to know."""
    milliseconds = at // 1_000_000
    return (
        f"{milliseconds // 60_000 % 60:02}:{milliseconds // 1000 % 60:02}.{milliseconds % 1000:03}"
    )
