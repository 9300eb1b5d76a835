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
SECONDS = 8


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


def starts_and_ends(log: Path) -> tuple[dict[str, tuple[float, int]], dict[str, float]]:
    """When each run of a handler began (and in which process), and when it ended, by its clock."""
    starts: dict[str, tuple[float, int]] = {}
    ends: dict[str, float] = {}
    for line in log.read_text().splitlines():
        what, name, _, moment, pid = line.split()
        if what == "start":
            starts[f"{name} {pid}"] = (float(moment), int(pid))
        else:
            ends[f"{name} {pid}"] = float(moment)
    return starts, ends


def test_a_rate_holds_over_three_workers_and_is_used_up(
    penstock: Installation, redis_url: str, namespace: str, tmp_path: Path
) -> None:
    log, count = tmp_path / "runs.log", 10 * SECONDS
    with Redis.from_url(redis_url) as redis:
        record = StartTimes(redis, f"{namespace}:{{probe}}:starts")
        ids = [
            penstock.submit("probe.sleep", {"log": str(log), "name": f"n{each}"})
            for each in range(count)
        ]
        with record.watched():
            penstock.start_workers(
                3,
                "probe",
                PENSTOCK_QUEUE_PROBE_CONCURRENCY="5",
                PENSTOCK_QUEUE_PROBE_RATE_LIMIT="10/1s",
            )
            for each in ids:
                assert penstock.outcome(each, timeout=60)["status"] == "success"

    assert record.found.total() == count
    assert record.most_within(1000) == 10
    clocks = sorted(moment for moment, _ in starts_and_ends(log)[0].values())
    assert len(clocks) == count
    assert max(sum(begin <= each < begin + 0.9 for each in clocks) for begin in clocks) <= 10
    allowed = 10 * (max(record.found) - min(record.found)) / 1000 + 10
    assert count >= 0.95 * allowed


def test_global_concurrency_holds_over_five_workers_that_are_killed(
    penstock: Installation, tmp_path: Path
) -> None:
    log = tmp_path / "runs.log"
    limits = {
        "PENSTOCK_QUEUE_PROBE_CONCURRENCY": "3",
        "PENSTOCK_QUEUE_PROBE_GLOBAL_CONCURRENCY": "7",
        "PENSTOCK_LEASE_SECONDS": "2",
    }
    ids = [
        penstock.submit("probe.sleep", {"log": str(log), "name": f"n{each}", "seconds": 0.5})
        for each in range(12 * SECONDS)
    ]
    workers = penstock.start_workers(5, "probe", **limits)
    killed: dict[int, float] = {}
    # Twice, for a task whose worker dies a third time is given up.
    for _ in range(2):
        time.sleep(SECONDS / 2)
        for _ in range(2):
            victim = workers.pop(0)
            victim.kill()
            victim.wait()
            killed[victim.pid] = time.time()
            workers.append(penstock.start("worker", "--queues", "probe", **limits))
    outcomes = [penstock.outcome(each, timeout=60) for each in ids]
    assert [each for each in outcomes if each["status"] != "success"] == []

    starts, ends = starts_and_ends(log)
    spans = [
        (begin, ends[run] if run in ends else killed[pid]) for run, (begin, pid) in starts.items()
    ]
    assert most_at_once(spans) == 7


def test_the_measure_sees_what_exceeds_a_limit() -> None:
    assert most_at_once([(0, 2), (1, 3), (2, 4)]) == 2
    assert most_at_once([(0, 2), (1, 3), (1.5, 4)]) == 3
    starts = StartTimes(Redis(), "unused")
    starts.found.update([0, 0, 500, 999, 1000])
    assert starts.most_within(1000) == 4
