"""Posting tasks, and asking for more once they are accepted."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import deque
from collections.abc import Sequence
from uuid import UUID

from tests.chaos.api import Api
from tests.chaos.batch_posting import post_batch
from tests.chaos.evidence import BatchPost, Post, Request
from tests.chaos.families import BatchSpec
from tests.chaos.workload import TaskSpec

_CALLERS = 12
_PAUSE = 0.1
_ACCEPTED = 202


class Poster:
    """Posts each task and batch when its time has come, again and again until it is accepted.

    A post that was not answered may have made a task: the next attempt has another key, and the
    checker looks for both. Then whatever else is planned for the task is asked for.
    """

    def __init__(
        self, tasks: Sequence[TaskSpec], batches: Sequence[BatchSpec], apis: Sequence[str]
    ) -> None:
        self._tasks = deque(sorted(tasks, key=lambda each: each.at))
        self._batches = batches
        self._apis = apis
        self._thread = threading.Thread(target=self._run, name="posting", daemon=True)
        self._stopping = threading.Event()
        self.posts: list[Post] = []
        self.requests: list[Request] = []
        self.batch_posts: list[BatchPost] = []

    def start(self) -> None:
        """Begin; the times of the tasks count from now."""
        self._started = time.monotonic()
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether everything was answered."""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Give up what was not answered yet."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._until_stopped())

    async def _until_stopped(self) -> None:
        posting = asyncio.create_task(self._post_all())
        while not posting.done() and not self._stopping.is_set():
            await asyncio.wait({posting}, timeout=_PAUSE)
        posting.cancel()
        await asyncio.wait({posting})

    async def _post_all(self) -> None:
        async with Api(self._apis, callers=_CALLERS) as api, asyncio.TaskGroup() as group:
            for _ in range(_CALLERS):
                group.create_task(self._call(api, group))
            for batch in self._batches:
                group.create_task(self._post_batch(api, batch))

    async def _call(self, api: Api, group: asyncio.TaskGroup) -> None:
        while self._tasks:
            spec = self._tasks.popleft()
            await asyncio.sleep(max(0.0, self._started + spec.at - time.monotonic()))
            for attempt in itertools.count():
                post = await self._post(api, spec, attempt)
                self.posts.append(post)
                if post.task_id is not None:
                    if spec.operations:
                        group.create_task(self._operate(api, spec, post.task_id))
                    break
                await asyncio.sleep(_PAUSE)

    async def _post_batch(self, api: Api, spec: BatchSpec) -> None:
        await asyncio.sleep(max(0.0, self._started + spec.at - time.monotonic()))
        async for post in post_batch(api, spec):
            self.batch_posts.append(post)

    async def _operate(self, api: Api, spec: TaskSpec, task_id: UUID) -> None:
        for operation in spec.operations:
            async for request in operation.perform(api, task_id):
                self.requests.append(request)

    async def _post(self, api: Api, spec: TaskSpec, attempt: int) -> Post:
        key = f"{spec.key}.{attempt}" if attempt else spec.key
        body = {
            "type": spec.type,
            "input": {"key": key, **spec.order},
            "priority": spec.priority,
            "user_id": spec.user,
            "delay_seconds": spec.delay,
        }
        answer = await api.post("/api/queues/tasks", body)
        accepted = answer.status == _ACCEPTED
        return Post(
            key=key,
            type=spec.type,
            began=answer.began,
            ended=answer.ended,
            status=answer.status,
            task_id=UUID(answer.data["id"]) if accepted else None,
        )
