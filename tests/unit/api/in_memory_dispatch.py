"""Stand-ins for dispatch and the artifact store that keep everything in memory.

The checks of the input are the real ones, so that the API meets the errors that it will meet.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

from penstock.declarations import Artifact, PermanentError
from penstock.dispatch import (
    BatchSealedError,
    Component,
    Health,
    Policies,
    QueueFullError,
    QueueStatus,
    Submitted,
    Swept,
    TaskBatches,
)
from penstock.dispatch.artifacts import check_name
from penstock.dispatch.intake import Intake, as_record
from penstock.ledger import (
    BatchPage,
    BatchRecord,
    Failure,
    NewTask,
    Status,
    StatusCounts,
    StoredArtifact,
    TaskFilter,
    TaskPage,
    TaskRecord,
    TaskSummary,
    Transition,
)
from penstock.plugins import Catalogue


class InMemoryDispatch:
    """Like :class:`penstock.dispatch.Dispatch`, without services.

    ``fault``, if set, is raised by every call that may fail; ``full``, wherever a task would come
    in; inputs have at most ``max_input_bytes``.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.records: dict[UUID, TaskRecord] = {}
        self.delays: list[timedelta | None] = []
        self.files: list[StoredArtifact] = []
        self.reasons: list[str] = []
        self.fault: Exception | None = None
        self.full: QueueFullError | None = None
        self.max_input_bytes = 1_000_000
        self.wanted: TaskFilter | None = None
        up = Component(status="up", latency_ms=0.5)
        self.batches = InMemoryBatches(self, catalogue)
        self.current_health = Health(status="ok", redis=up, database=up, workers={"acme": 1})

    async def submit(self, submission) -> TaskRecord:
        return (await self.accept(submission)).task

    async def accept(self, submission) -> Submitted:
        self._fail()
        intake = Intake(require_open=lambda _: None, max_input_bytes=self.max_input_bytes)
        record = as_record(intake.prepare(submission, self._catalogue))
        await self.check_room(submission.type, submission.user_id)
        self.records[record.id] = record
        self.delays.append(submission.delay)
        self.files += submission.files
        return Submitted(record)

    async def check_room(self, type_name, user_id):
        if self.full is not None:
            raise self.full

    async def cancel(self, task_id, *, reason):
        self._fail()
        record = self.records.get(task_id)
        if record is None:
            return None
        now, status = datetime.now(UTC), record.status
        changed = status in {Status.PENDING, Status.RUNNING}
        if status is Status.PENDING:
            status = Status.CANCELLED
            record = msgspec.structs.replace(
                record, status=status, finished_at=now, error=Failure("cancelled", reason, "")
            )
        if changed:
            self.reasons.append(reason)
            self.records[task_id] = msgspec.structs.replace(record, cancel_requested_at=now)
        return Transition(
            status=status,
            queue=record.queue,
            priority=5,
            user_id=None,
            provider=None,
            changed=changed,
        )

    async def retry(self, task_id):
        self._fail()
        record = self.records.get(task_id)
        if record is None:
            return None
        changed = record.status in {Status.FAILED, Status.CANCELLED}
        if changed:
            record = msgspec.structs.replace(
                record, status=Status.PENDING, error=None, finished_at=None
            )
            self.records[task_id] = record
        return Transition(
            status=record.status,
            queue=record.queue,
            priority=5,
            user_id=None,
            provider=None,
            changed=changed,
        )

    async def cancel_all(self, ids, *, reason):
        found = {each: await self.cancel(each, reason=reason) for each in set(ids)}
        return {task_id: task for task_id, task in found.items() if task is not None}

    async def retry_all(self, ids):
        found = {each: await self.retry(each) for each in set(ids)}
        return {task_id: task for task_id, task in found.items() if task is not None}

    async def cancel_found(self, wanted, *, before, limit, reason):
        page = await self.tasks(wanted, before=before, limit=limit)
        found = {task.id: await self.cancel(task.id, reason=reason) for task in page.tasks}
        return Swept(found=found, next=page.next)

    async def retry_found(self, wanted, *, before, limit):
        page = await self.tasks(wanted, before=before, limit=limit)
        found = {task.id: await self.retry(task.id) for task in page.tasks}
        return Swept(found=found, next=page.next)

    async def tasks(self, wanted, *, before, limit):
        """By status, queue, type and parent alone; ``wanted`` keeps all that was asked for."""
        self._fail()
        self.wanted = wanted
        fit: list[TaskSummary] = [
            record
            for task_id, record in sorted(self.records.items(), reverse=True)
            if (before is None or task_id < before)
            and record.status in wanted.statuses
            and wanted.queue in (None, record.queue)
            and wanted.type in (None, record.type)
            and wanted.parent_id in (None, record.parent_id)
        ]
        more = len(fit) > limit
        return TaskPage(tasks=fit[:limit], next=fit[limit - 1].id if more else None)

    async def find(self, task_id):
        self._fail()
        return self.records.get(task_id)

    async def queue_status(self):
        self._fail()
        waiting = dict.fromkeys(self._catalogue.queues, 0)
        for record in self.records.values():
            waiting[record.queue] += 1
        return {
            queue: QueueStatus(
                waiting=count,
                active=0,
                completed=0,
                failed=0,
                delayed=0,
                cancelled=0,
                workers=0,
                parked=0,
            )
            for queue, count in waiting.items()
        }

    async def health(self):
        return self.current_health

    def _fail(self) -> None:
        if self.fault is not None:
            raise self.fault


class InMemoryBatches:
    """Like :class:`penstock.dispatch.TaskBatches`, without services: nothing of them ever ends."""

    def __init__(self, dispatch: InMemoryDispatch, catalogue: Catalogue) -> None:
        self._dispatch = dispatch
        self._checks = TaskBatches.__new__(TaskBatches)
        self._checks._intake = Intake(require_open=lambda _: None, max_input_bytes=100_000)
        self._checks._policies = cast("Policies", SimpleNamespace(catalogue=catalogue))
        self.records: dict[UUID, BatchRecord] = {}
        self.tasks: dict[UUID, list[NewTask]] = {}

    async def submit(self, wanted, *, by, key=None):
        self._dispatch._fail()
        batch_id, now = uuid7(), datetime.now(UTC)
        tasks = self._checks._prepared(wanted.tasks, batch_id, wanted.user_id)
        callback = wanted.callback and self._checks._callback(wanted.callback, wanted, batch_id)
        self.tasks[batch_id] = tasks
        self.records[batch_id] = BatchRecord(
            id=batch_id,
            name=wanted.name,
            user_id=wanted.user_id,
            total=len(tasks),
            counts=StatusCounts(pending=len(tasks)),
            progress=0,
            callback=callback,
            callback_task_id=None,
            created_by=by,
            created_at=now,
            sealed_at=now if wanted.sealed else None,
            cancelled_at=None,
            finished_at=None,
        )
        return self.records[batch_id]

    async def add(self, batch_id, submissions, *, key=None):
        record = self.records.get(batch_id)
        if record is None:
            return None
        if record.sealed_at is not None:
            raise BatchSealedError(batch_id)
        self.tasks[batch_id] += self._checks._prepared(submissions, batch_id, record.user_id)
        total = len(self.tasks[batch_id])
        return self._change(batch_id, total=total, counts=StatusCounts(pending=total))

    async def seal(self, batch_id):
        return self._change(batch_id, sealed_at=datetime.now(UTC))

    async def find(self, batch_id):
        return self.records.get(batch_id)

    async def page(self, *, before, limit):
        found = sorted(self.records.values(), key=lambda each: each.id, reverse=True)
        found = [each for each in found if before is None or each.id < before]
        following = found[limit - 1].id if len(found) > limit else None
        return BatchPage(batches=found[:limit], next=following)

    async def cancel(self, batch_id, *, reason):
        self._dispatch.reasons.append(reason)
        record = self.records.get(batch_id)
        if record is None or record.finished_at is not None:
            return record
        return self._change(batch_id, cancelled_at=datetime.now(UTC))

    def _change(self, batch_id, **fields):
        if batch_id in self.records:
            self.records[batch_id] = msgspec.structs.replace(self.records[batch_id], **fields)
        return self.records.get(batch_id)


class InMemoryArtifacts:
    """Like :class:`penstock.dispatch.ArtifactStore`, without services."""

    def __init__(self) -> None:
        self._files: dict[UUID, tuple[Artifact, list[bytes]]] = {}

    def keep(self, artifact: Artifact, chunks: list[bytes]) -> None:
        self._files[artifact.id] = (artifact, chunks)

    async def receive(self, task_id, name, data, *, content_type):
        check_name(name)
        chunks = [chunk async for chunk in data]
        row = StoredArtifact(
            id=uuid7(),
            task_id=task_id,
            name=name,
            content_type=content_type,
            size=sum(map(len, chunks)),
            sha256=sha256(b"".join(chunks)).hexdigest(),
        )
        values = msgspec.structs.asdict(row)
        del values["task_id"]
        self.keep(Artifact(**values), chunks)
        return row

    async def discard(self, file):
        del self._files[file.id]

    @property
    def kept(self) -> list[bytes]:
        """The bytes of every file."""
        return [b"".join(chunks) for _, chunks in self._files.values()]

    async def open(self, artifact_id):
        if artifact_id not in self._files:
            message = f"there is no artifact {artifact_id}"
            raise PermanentError(message, code="artifact_not_found")
        return _Reader(*self._files[artifact_id])


class _Reader:
    def __init__(self, artifact: Artifact, chunks: list[bytes]) -> None:
        self.artifact = artifact
        self._chunks = chunks

    async def read(self) -> bytes:
        return b"".join(self._chunks)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk
