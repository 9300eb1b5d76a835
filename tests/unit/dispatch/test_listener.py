"""One who follows a task that has ended, and is further behind than what is in memory."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec
import pytest

from penstock.dispatch.listener import Followed, Listener, News
from penstock.engine import EngineUnavailableError
from penstock.events import GAP, Event, Page, Position
from penstock.ledger import Status, TaskRecord

SAID = [Event(Position(1, number), "delta", b"x" * 100_000, number) for number in range(10)]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.dispatch.listener._RETRY", 0.001)


@pytest.fixture
def ended() -> TaskRecord:
    now = datetime.now(UTC)
    return TaskRecord(
        id=uuid4(),
        type="acme.say",
        queue="acme",
        status=Status.SUCCESS,
        priority=5,
        user_id=None,
        provider=None,
        progress=100,
        progress_message="",
        attempts=1,
        max_attempts=3,
        error=None,
        created_at=now,
        run_at=None,
        expires_at=None,
        deadline=None,
        parent_id=None,
        batch_id=None,
        started_at=now,
        finished_at=now,
        cancel_requested_at=None,
        updated_at=now,
        input=msgspec.Raw(b"{}"),
        result=msgspec.Raw(b"null"),
    )


async def told(record: TaskRecord, *, failures: int) -> Sequence[News]:
    """All that one gets who starts at the beginning, where so many reads of the stream fail."""
    followed = Followed(record)
    followed.tail.take(Page(SAID, has_all=True, is_last=True))
    followed.is_complete = True
    left = failures

    async def read(task_id: UUID, position: Position) -> Page:
        nonlocal left
        if left:
            left -= 1
            raise EngineUnavailableError("Redis is away")
        return Page(SAID, has_all=True, is_last=True)

    listener = Listener(followed, read=read, is_news=lambda *_: True, wants_events=True)
    followed.listeners.add(listener)
    return [each async for batch in listener.batches(None) for each in batch]


async def test_a_read_that_fails_once_loses_nothing(ended: TaskRecord) -> None:
    assert await told(ended, failures=1) == [*SAID, ended]


async def test_what_cannot_be_read_is_a_gap(ended: TaskRecord) -> None:
    assert await told(ended, failures=2) == [GAP, ended]
