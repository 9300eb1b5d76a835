"""A local HTTP server that speaks the OpenAI wire protocol, for tests of what talks to one.

There is no model in it: it is a double at the wire, its answers say so, and echo the prompt. What
it does with a request is scripted, by name (see :data:`openai_replies.REPLIES`):

- ``server.next("error_500", times=2)`` for the next two POSTs,
- ``server.always("ok", delay=0.5)`` for those that nothing else is scripted for,
- ``"[wire: rate_limited retry_after=2]"`` in a prompt, for a test that cannot know which request
  comes next. Several markers are played one after the other to requests with that very prompt;
  then it is answered as any other. ``times=2`` plays one twice.
"""

import asyncio
import itertools
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from typing import Any

from penstock_ai.testing.replies import Request
from penstock_ai.testing.request_server import RequestServer
from tests.services.openai_endpoints import ENDPOINTS, Response
from tests.services.openai_replies import REPLIES, Reply, scripted
from tests.services.openai_request import ReceivedRequest


class OpenAiServer(RequestServer):
    """The server, in a thread of its own, on a free port of 127.0.0.1."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[ReceivedRequest] = []
        self._always = REPLIES["ok"]
        self._next: deque[Reply] = deque()
        self._played: Counter[str] = Counter()

    @property
    def base_url(self) -> str:
        """As in ``OPENAI_BASE_URL``."""
        return f"{self.url}/v1"

    # -- the script --------------------------------------------------------------------------

    def next(self, name: str, *, times: int = 1, **overrides: Any) -> None:
        """Answer the next POSTs so, after those that are scripted already."""
        self._next.extend([replace(REPLIES[name], **overrides)] * times)

    def always(self, name: str, **overrides: Any) -> None:
        """Answer so whatever has no other script."""
        self._always = replace(REPLIES[name], **overrides)

    # -- what came ---------------------------------------------------------------------------

    @property
    def posts(self) -> list[ReceivedRequest]:
        """Those that a provider would charge for."""
        return [request for request in self.requests if request.method == "POST"]

    def posts_of(self, word: str) -> list[ReceivedRequest]:
        """Those with ``word`` in their prompt."""
        return [request for request in self.posts if word in request.prompt]

    def wait_until(self, condition: Callable[[], bool], *, timeout: float = 10) -> None:
        """Block until ``condition`` holds; it is asked again whenever a request begins or ends.

        Raises:
            TimeoutError: it did not in time.
        """
        if not self._holds(condition, within=timeout):
            raise TimeoutError(f"waited {timeout} s; received so far: {self.requests}")

    def most_at_once(self) -> int:
        """The largest number of requests that were open at one time."""
        now = time.monotonic()
        steps = [(request.started, 1) for request in self.requests]
        steps += [(request.ended or now, -1) for request in self.requests]
        return max(itertools.accumulate(step for _, step in sorted(steps)), default=0)

    # -- answers -----------------------------------------------------------------------------

    async def _respond(self, request: Request, writer: asyncio.StreamWriter) -> None:
        """Note the request, and answer as the script says."""
        received = ReceivedRequest(
            method=request.method,
            path=request.path,
            headers=dict(request.headers),
            body=request.body,
            started=time.monotonic(),
        )
        self._note(lambda: self.requests.append(received))
        try:
            await self._answer(received, Response(writer))
        except (asyncio.CancelledError, ConnectionError):
            received.disconnected = True
            raise
        finally:
            self._note(lambda: setattr(received, "ended", time.monotonic()))

    async def _answer(self, request: ReceivedRequest, response: Response) -> None:
        endpoint = ENDPOINTS.get((request.method, request.path))
        if endpoint is None:
            await response.json({"error": {"message": f"no {request.path}"}}, status=404)
            return
        reply = self._reply_to(request) if request.method == "POST" else REPLIES["ok"]
        if reply.hang:
            await asyncio.Event().wait()
        await asyncio.sleep(reply.delay)
        if reply.drop:
            await response.hang_up()
            return
        headers = dict(reply.headers)
        if reply.retry_after is not None:
            headers["retry-after"] = _retry_after(reply.retry_after)
        if reply.raw is not None:
            await response.whole(reply.raw, headers={"content-type": "text/event-stream"} | headers)
        elif reply.status != 200:
            await response.json({"error": reply.error}, status=reply.status, headers=headers)
        else:
            await endpoint(request, reply, response)

    def _reply_to(self, request: ReceivedRequest) -> Reply:
        steps = scripted(request.prompt)
        step = self._played[request.prompt]
        if step < len(steps):
            self._played[request.prompt] += 1
            return steps[step]
        return self._next.popleft() if self._next else self._always


def _retry_after(value: str) -> str:
    ahead = value.removeprefix("date:")
    return value if ahead == value else formatdate(time.time() + float(ahead), usegmt=True)
