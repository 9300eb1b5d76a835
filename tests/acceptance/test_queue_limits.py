"""The declared limits of the three queues, measured while they run: reached, and never exceeded."""

import base64
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from redis import Redis

from penstock.plugins import discover, load
from tests.services.installation import Installation
from tests.services.openai_server import OpenAiServer

DECLARED = load(discover()).queues


class StartTimes:
    """Every start of a queue, as the engine's own record has them, in milliseconds.

    The record keeps the last ten; asked often enough, none slips by, which the number of starts
    found proves at the end.
    """

    def __init__(self, redis: Redis, key: str) -> None:
        self._redis = redis
        self._key = key
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self.found: Counter[int] = Counter()

    @contextmanager
    def watched(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()

    def most_within(self, milliseconds: int) -> int:
        """The most starts in any window of this length."""
        times = sorted(self.found.elements())
        return max(sum(begin <= each < begin + milliseconds for each in times) for begin in times)

    def _watch(self) -> None:
        while True:
            ending = self._stop.is_set()
            for moment, count in Counter(map(int, self._redis.lrange(self._key, 0, -1))).items():
                self.found[moment] = max(self.found[moment], count)
            if ending:
                return
            time.sleep(0.02)


def most_at_once(spans: list[tuple[float, float]]) -> int:
    """How many of these spans of time overlap at most."""
    return max(sum(begin <= start < end for begin, end in spans) for start, _ in spans)


@pytest.fixture
def penstock(
    tmp_path: Path, redis_url: str, namespace: str, postgresql_url: str
) -> Iterator[Installation]:
    with (
        OpenAiServer() as openai,
        Installation(
            tmp_path,
            redis_url=redis_url,
            database_url=postgresql_url,
            namespace=namespace,
            environment={
                "OPENAI_BASE_URL": openai.base_url,
                "PENSTOCK_AI_OPENAI_TEXT_MODEL": "text-model",
            },
        ) as installation,
    ):
        openai.always("ok", delay=0.7)
        yield installation


def large_picture() -> str:
    """Takes a while to decode, and little room in a request."""
    file = BytesIO()
    Image.new("RGB", (5000, 5000), "teal").save(file, "PNG", optimize=False)
    return base64.b64encode(file.getvalue()).decode()


def inputs(queue: str) -> tuple[str, dict[str, object], int]:
    """A task type of the queue, an input that takes long enough, and how many of it."""
    match queue:
        case "ai":
            return "ai.text", {"prompt": "Say something."}, 40
        case "video":
            scenes = [{"title": "One", "seconds": 1}, {"title": "Two", "seconds": 1}]
            return "video.generate", {"scenes": scenes, "width": 640, "height": 360}, 12
        case _:
            return "upload.process", {"name": "big.png", "content": large_picture()}, 30


@pytest.mark.parametrize("queue", ["ai", "video", "upload"])
def test_concurrency_is_reached_and_neither_it_nor_the_rate_is_exceeded(
    penstock: Installation, redis_url: str, namespace: str, queue: str
) -> None:
    type_name, task_input, count = inputs(queue)
    with Redis.from_url(redis_url) as redis:
        starts = StartTimes(redis, f"{namespace}:{{{queue}}}:starts")
        ids = [penstock.submit(type_name, task_input) for _ in range(count)]
        with starts.watched():
            penstock.start_worker(queue)
            tasks = [penstock.outcome(each, timeout=120) for each in ids]

    assert {(task["status"], task["attempts"]) for task in tasks} == {("success", 1)}
    spans = [
        tuple(
            datetime.fromisoformat(task[name]).timestamp() for name in ("started_at", "finished_at")
        )
        for task in tasks
    ]
    assert most_at_once([(begin, end) for begin, end in spans]) == DECLARED[queue].concurrency
    assert starts.found.total() == count
    assert starts.most_within(1000) <= 10


def test_the_rate_is_used_up_by_tasks_that_take_no_time(
    penstock: Installation, redis_url: str, namespace: str
) -> None:
    with Redis.from_url(redis_url) as redis:
        starts = StartTimes(redis, f"{namespace}:{{ai}}:starts")
        ids = [
            penstock.submit("ai.text", {"template": "{{ n }}", "data": {"n": each}})
            for each in range(45)
        ]
        with starts.watched():
            penstock.start_workers(2, "ai")
            for each in ids:
                assert penstock.outcome(each, timeout=60)["status"] == "success"

    assert starts.found.total() == 45
    assert starts.most_within(1000) == 10


def test_the_measure_sees_what_exceeds_a_limit() -> None:
    assert most_at_once([(0, 2), (1, 3), (2, 4)]) == 2
    assert most_at_once([(0, 2), (1, 3), (1.5, 4)]) == 3
    starts = StartTimes(Redis(), "unused")
    starts.found.update([0, 0, 500, 999, 1000])
    assert starts.most_within(1000) == 4
