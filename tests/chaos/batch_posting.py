"""Posting a batch, and making it grow until it is sealed."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from tests.chaos.api import Api
from tests.chaos.evidence import BatchPost
from tests.chaos.families import BatchSpec
from tests.chaos.workload import TaskSpec

_PAUSE = 0.1
_OK, _ACCEPTED = 200, 202


async def post_batch(api: Api, spec: BatchSpec) -> AsyncIterator[BatchPost]:
    """Do all of it, each step again and again until it is answered; yields each attempt.

    What was not answered may have been done: the next attempt has other keys.
    """
    for attempt in itertools.count():
        name = f"{spec.key}.{attempt}" if attempt else spec.key
        body = {
            "name": name,
            "tasks": _bodies(spec.tasks, name),
            "callback": {"type": "chaos.callback", "input": {"key": f"{name}:callback"}},
            "sealed": not spec.later,
        }
        answer = await api.post("/api/batches", body)
        accepted = answer.status == _ACCEPTED
        batch_id = UUID(answer.data["id"]) if accepted else None
        count = len(spec.tasks)
        yield BatchPost(name=name, status=answer.status, batch_id=batch_id, tasks=count)
        if batch_id is not None:
            break
        await asyncio.sleep(_PAUSE)
    if not spec.later:
        return
    for attempt in itertools.count():
        added = {"tasks": _bodies(spec.later, f"{name}+{attempt}")}
        answer = await api.post(f"/api/batches/{batch_id}/tasks", added)
        count = len(spec.tasks) + len(spec.later)
        yield BatchPost(name=name, status=answer.status, batch_id=batch_id, tasks=count)
        if answer.status == _ACCEPTED:
            break
        await asyncio.sleep(_PAUSE)
    while True:
        if (await api.post(f"/api/batches/{batch_id}/seal")).status == _OK:
            return
        await asyncio.sleep(_PAUSE)


def _bodies(tasks: Sequence[TaskSpec], name: str) -> list[dict[str, Any]]:
    return [
        {
            "type": each.type,
            "input": {"key": f"{name}:{place}", **each.order},
            "priority": each.priority,
            "user_id": each.user,
        }
        for place, each in enumerate(tasks)
    ]
