"""Which tasks somebody asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from penstock.ledger.records import Status, TaskSummary


class TaskFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Tasks of which all of this is true; what is left out is no matter.

    Attributes:
        status: one of these; none given means any.
        queue: the name of their queue.
        type: the name of their task type.
        user_id: for whom they are done.
        parent_id: the task that submitted them.
        batch_id: what they are counted with.
        created_after: accepted then or later, as their ids say.
        created_before: accepted before that.
        error: text that occurs in the code or the message of their error, whatever the case of A
            to Z. Unless statuses are given, it means tasks that have failed or were cancelled.
    """

    status: frozenset[Status] = frozenset()
    queue: str | None = None
    type: str | None = None
    user_id: str | None = None
    parent_id: UUID | None = None
    batch_id: UUID | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    error: str | None = None

    @property
    def statuses(self) -> frozenset[Status]:
        """Those that come into question."""
        if self.status:
            return self.status
        return frozenset(Status) if self.error is None else _UNSUCCESSFUL


class TaskPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some tasks, newest first.

    ``next`` is what the tasks of the next page have smaller ids than; nothing, if there are none.
    A page may be short, or even empty, and have a next one: each does a bounded amount of work.
    """

    tasks: Sequence[TaskSummary]
    next: UUID | None


_UNSUCCESSFUL = frozenset({Status.FAILED, Status.CANCELLED})
