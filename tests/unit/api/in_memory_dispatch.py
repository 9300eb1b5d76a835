"""Stand-ins for dispatch and the artifact store that keep everything in memory.

The checks of the input are the real ones, so that the API meets the errors that it will meet.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

import msgspec
from uuid_utils.compat import uuid7

from penstock.declarations import Artifact, PermanentError
from penstock.dispatch import Component, Health, QueueFullError, QueueStatus, Swept
from penstock.dispatch.artifacts import check_name
from penstock.dispatch.intake import Intake, as_record
from penstock.ledger import (
    Failure,
    Status,
    StoredArtifact,
    TaskFilter,
    TaskPage,
    TaskRecord,
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
        self.current_health = Health(status="ok", redis=up, database=up, workers={"acme": 1})

    async def submit(self, submission) -> TaskRecord:
        self._fail()
        intake = Intake(require_open=lambda _: None, max_input_bytes=self.max_input_bytes)
        record = as_record(intake.prepare(submission, self._catalogue))
        await self.check_room(submission.type, submission.user_id)
        self.records[record.id] = record
        self.delays.append(submission.delay)
        self.files += submission.files
        return record

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
        """By status, queue and type alone; ``wanted`` keeps all that was asked for."""
        self._fail()
        self.wanted = wanted
        fit = [
            record
            for task_id, record in sorted(self.records.items(), reverse=True)
            if (before is None or task_id < before)
            and record.status in wanted.statuses
            and wanted.queue in (None, record.queue)
            and wanted.type in (None, record.type)
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
