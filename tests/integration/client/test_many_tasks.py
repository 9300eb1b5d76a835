"""Application code lists tasks, and changes many of them: both databases, a real Redis."""

from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

from penstock import Client, TaskFilter
from penstock.ledger import Status

LETTER = {"markdown": "# Hello"}


@pytest.fixture
def client(environment: dict[str, str], tmp_path: Path) -> Client:
    return Client(environ=environment, directory=tmp_path)


async def test_tasks_are_listed_cancelled_and_run_again(client: Client, monkeypatch):
    monkeypatch.setattr("penstock.client.client._PAGE", 2)
    monkeypatch.setattr("penstock.client.client.MOST_AT_ONCE", 2)
    async with client:
        ids = [
            (await client.submit("ai.document", LETTER, user_id=user)).id
            for user in ("ada", "ada", "bob", "ada", "ada")
        ]
        ada = TaskFilter(user_id="ada")
        newest_first = [*ids[:2:-1], *ids[1::-1]]

        listed = [task.id async for task in client.tasks(ada)]
        everything = [task.id async for task in client.tasks()]
        by_id = await client.cancel_many([ids[2], uuid7()], reason="late")
        by_filter = await client.cancel_many(ada)
        again = await client.retry_many(TaskFilter(user_id="ada", error="by the application"))
        none_left = await client.retry_many(ids[:1])

    assert (listed, everything) == (newest_first, ids[::-1])
    assert {task_id: task.status for task_id, task in by_id.items()} == {ids[2]: "cancelled"}
    assert list(by_filter) == newest_first
    assert {task.status for task in by_filter.values()} == {Status.CANCELLED}
    assert (list(again), {task.status for task in again.values()}) == (newest_first, {"pending"})
    assert none_left[ids[0]].changed is False
