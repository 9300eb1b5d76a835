"""Posting tasks over HTTP, through all API processes at once."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections import deque
from collections.abc import Sequence
from uuid import UUID

import httpx

from tests.chaos.evidence import Post
from tests.chaos.workload import TaskSpec
from tests.chaos.world import API_KEY

_CALLERS = 12
_TIMEOUT = 10.0
_PAUSE = 0.1
_ACCEPTED = 202


class Poster:
    """Posts each task when its time has come, again and again until it is accepted.

    A post that was not answered may have made a task: the next attempt has another key, and the
    checker looks for both.
    """

    def __init__(self, tasks: Sequence[TaskSpec], apis: Sequence[str]) -> None:
        self._tasks = deque(tasks)
        self._apis = apis
        self._thread = threading.Thread(target=self._run, name="posting", daemon=True)
        self._stopping = threading.Event()
        self.posts: list[Post] = []

    def start(self) -> None:
        """Begin; the times of the tasks count from now."""
        self._started = time.monotonic()
        self._thread.start()

    def join(self, timeout: float) -> bool:
        """Whether everything was accepted in time; what was not is given up."""
        self._thread.join(timeout)
        done = not self._thread.is_alive()
        self._stopping.set()
        self._thread.join(2 * _TIMEOUT)
        return done

    def _run(self) -> None:
        asyncio.run(self._post_all())

    async def _post_all(self) -> None:
        limits = httpx.Limits(max_keepalive_connections=_CALLERS)
        clients = [
            httpx.AsyncClient(
                base_url=each,
                headers={"Authorization": f"Bearer {API_KEY}"},
                timeout=_TIMEOUT,
                trust_env=False,
                limits=limits,
            )
            for each in self._apis
        ]
        turns = itertools.cycle(clients)
        try:
            await asyncio.gather(*(self._call(turns) for _ in range(_CALLERS)))
        finally:
            for client in clients:
                await client.aclose()

    async def _call(self, turns: itertools.cycle[httpx.AsyncClient]) -> None:
        while self._tasks and not self._stopping.is_set():
            spec = self._tasks.popleft()
            await asyncio.sleep(max(0.0, self._started + spec.at - time.monotonic()))
            for attempt in itertools.count():
                post = await self._post(next(turns), spec, attempt)
                self.posts.append(post)
                if post.status == _ACCEPTED or self._stopping.is_set():
                    break
                await asyncio.sleep(_PAUSE)

    async def _post(self, client: httpx.AsyncClient, spec: TaskSpec, attempt: int) -> Post:
        key = f"{spec.key}.{attempt}" if attempt else spec.key
        body = {
            "type": spec.type,
            "input": {"key": key, **spec.order},
            "priority": spec.priority,
            "user_id": spec.user,
            "delay_seconds": spec.delay,
        }
        began = time.time_ns()
        status = task_id = None
        try:
            answer = await client.post("/api/queues/tasks", json=body)
        except httpx.TransportError:
            pass
        else:
            status = answer.status_code
            if status == _ACCEPTED:
                task_id = UUID(answer.json()["data"]["id"])
        return Post(
            key=key,
            type=spec.type,
            began=began,
            ended=time.time_ns(),
            status=status,
            task_id=task_id,
        )
