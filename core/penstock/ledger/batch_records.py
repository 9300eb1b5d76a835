"""Batches as plain values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """The task that follows a batch, checked when the batch was accepted and kept until then.

    So whoever finishes the batch need not know its task type. ``input`` is a JSON text; ``None`` is
    for a :class:`~penstock.declarations.BatchSummary`.
    """

    type: str
    queue: str
    priority: int
    user_id: str | None
    input: str | None
    max_attempts: int
    provider: str | None
    units: int | None


class NewBatch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch to be accepted. Tasks may be added to it later unless it is ``sealed``."""

    id: UUID
    name: str
    user_id: str | None
    callback: Callback | None
    sealed: bool
    created_by: str
    created_at: datetime


class StatusCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many tasks of a batch are in each status now."""

    pending: int = 0
    running: int = 0
    success: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def all(self) -> int:
        """How many there are."""
        return sum(getattr(self, each) for each in self.__struct_fields__)


class BatchRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A batch as the ledger has it. Times are in UTC.

    ``progress`` is the mean of its tasks', from 0 to 100, where what has ended counts as 100.
    """

    id: UUID
    name: str
    user_id: str | None
    total: int
    counts: StatusCounts
    progress: float
    callback: Callback | None
    callback_task_id: UUID | None
    created_by: str
    created_at: datetime
    sealed_at: datetime | None
    cancelled_at: datetime | None
    finished_at: datetime | None


class BatchPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some batches, newest first.

    ``next`` is what the batches of the next page have smaller ids than; nothing, if there are none.
    A page may be short and have a next one, as their tasks are counted: see there.
    """

    batches: Sequence[BatchRecord]
    next: UUID | None


class BatchOutline(NamedTuple):
    """A batch without its tasks."""

    user_id: str | None
    sealed_at: datetime | None
    finished_at: datetime | None
