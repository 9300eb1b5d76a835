"""What a running ``async def`` handler can ask of, and say to, the worker that runs it."""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, overload
from uuid import UUID

from penstock.declarations.artifact import Artifacts
from penstock.declarations.installed import Installed
from penstock.declarations.interruption import Interruption
from penstock.declarations.priority import Priority

if TYPE_CHECKING:
    # Nobody evaluates this annotation, and structlog takes longer to import than all of this room.
    from structlog.stdlib import BoundLogger

    # It is the other way round that one is made with the other.
    from penstock.declarations.task_type import TaskType

I = TypeVar("I")  # noqa: E741  (the input's type)
P = ParamSpec("P")
S = TypeVar("S")


class Context(Installed):
    """The running task, as its ``async def`` handler sees it.

    A handler gets one by annotating a parameter with this type, whatever its name. A ``def``
    handler takes a :class:`~penstock.declarations.SyncContext` instead.

    Attributes:
        task_id: the task's id.
        task_type: the name it was declared under.
        queue: the name of the queue it came through.
        user_id: for whom it runs, if the submitter said so.
        provider: the name of the provider that it needs, if its task type says so of its input.
        attempt: which attempt this is, from 1; a worker's death does not count as one.
        run: how often the task was started, this time included. It only ever grows, so it serves
            as a fencing token: whoever got a larger one may ignore what carries a smaller.
        artifacts: where to put files, and to open those of earlier tasks.
        log: a structlog logger that says which task a line is about:
            ``ctx.log.info("downloaded", pages=3)``. Its lines are kept with the task as well.
    """

    task_id: UUID
    task_type: str
    queue: str
    user_id: str | None
    provider: str | None
    attempt: int
    run: int
    artifacts: Artifacts
    log: BoundLogger

    @abstractmethod
    async def progress(self, percent: float, message: str = "") -> None:
        """Say how far the task is.

        Returns at once; the ledger shows the latest value within about a second.

        Args:
            percent: from 0 to 100; values outside are clamped.
            message: a short text for people.
        """

    @abstractmethod
    async def delta(self, text: str) -> None:
        """Let whoever follows the task see that a text goes on with ``text``.

        Returns at once. It is shown live, and not kept: what shall last belongs in the result.
        While Redis is away it is dropped, and those who follow see that there is a gap. A later
        run begins its text anew.

        Args:
            text: what has come since the last call; pieces that follow each other closely are
                joined.
        """

    @abstractmethod
    async def save(self, name: str, value: object) -> None:
        """Keep ``value`` for later attempts of this task: a checkpoint.

        On return it is committed, so that what follows may rely on it. While the database is away
        this waits. Checkpoints outlive the task's end: who retries it by hand resumes from them.

        Args:
            name: a lower-case letter, then at most 62 of a-z, 0-9, '_' and '-'. An earlier value of
                that name is replaced.
            value: anything that msgspec encodes as JSON.

        Raises:
            SupersededError: another run of the task is under way, or this one has ended; nothing
                was written.
            PermanentError: code ``checkpoint_not_storable``.
            DeclarationError: for another ``name``.
        """

    @abstractmethod
    async def load(self, name: str, kind: type[S]) -> S | None:
        """What this task saved last under ``name``, in this or an earlier run; else ``None``.

        While the database is away this waits.

        Args:
            name: as in :meth:`save`.
            kind: the type to read it as.

        Raises:
            PermanentError: code ``checkpoint_incompatible`` if it does not fit ``kind``, naming the
                place.
            DeclarationError: for another ``name``, or a type that has no JSON form.
        """

    @overload
    @abstractmethod
    async def enqueue(
        self,
        name: str,
        task_type: TaskType[Concatenate[I, P], Any],
        input: I,
        *,
        priority: Priority | str | int | None = None,
        delay: timedelta | None = None,
        user_id: str | None = None,
    ) -> UUID: ...

    @overload
    @abstractmethod
    async def enqueue(
        self,
        name: str,
        task_type: str,
        input: Any,
        *,
        priority: Priority | str | int | None = None,
        delay: timedelta | None = None,
        user_id: str | None = None,
    ) -> UUID: ...

    @abstractmethod
    async def enqueue(
        self,
        name: str,
        task_type: TaskType[Any, Any] | str,
        input: Any,  # noqa: A002  (the API's own word for it)
        *,
        priority: Priority | str | int | None = None,
        delay: timedelta | None = None,
        user_id: str | None = None,
    ) -> UUID:
        """Have another task done, a child of this one; returns its id.

        On return it is committed, and will run, whatever becomes of this task; while the database
        is away this waits. There is one child of each name: a later run that enqueues it again
        changes nothing, not even if the input is another one, so a task that was cut off between
        two of them does not make twins of the first. Cancelling this task does not cancel them.

        There is no way to wait for a child here, where this task would hold a slot that the child
        may need: what comes after it is a child of the child, or the callback of a batch.

        Args:
            name: a lower-case letter, then at most 62 of a-z, 0-9, '_' and '-'.
            task_type: a declared task type, or the name of an installed one.
            input: what the task type takes, or the same as plain dicts and lists.
            priority: ``urgent``, ``high``, ``normal`` or ``low``, or its number; that of this task
                if left out.
            delay: run it no earlier than after this time.
            user_id: for whom it is done; the user of this task if left out.

        Raises:
            PermanentError: code ``unknown_task_type``, ``invalid_input`` or ``input_too_large``.
            TransientError: code ``queue_full`` or ``user_queue_full``: as many tasks wait as may.
            DeclarationError: for another ``name``, ``priority`` or ``delay``.
        """

    @abstractmethod
    async def charge(self, units: int) -> None:
        """Say how many units of its provider this run has used, all in all so far.

        They are charged instead of the estimate, and of what was said before. Returns at once;
        Redis learns it soon. Without a provider whose units are limited it does nothing.

        Args:
            units: at least 0.

        Raises:
            DeclarationError: for anything else.
        """

    @property
    def interruption(self) -> Interruption | None:
        """Why this run is being stopped; ``None`` as long as it is not.

        A handler that is stopped gets an :class:`asyncio.CancelledError`; it may clean up, or save
        how far it is, and lets it pass.
        """
        return None
