"""Redis is wiped under a full queue, and a worker dies in the same moment."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from penstock.app import Application
from penstock.dispatch import Submission
from penstock.plugins import discover, load
from penstock.settings import Settings
from tests.services import RedisServer
from tests.services.installation import PROBE_PLUGIN, Installation, wait_until
from tests.services.standstill import STANDSTILL

WAITING, DELAYED, RUNNING = 10_000, 1_000, 50
LEASE = 3.0
AGAIN_WITHIN = 5.0


@pytest.fixture
def own_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with RedisServer(tmp_path_factory.mktemp("own-redis")) as server:
        yield server


@pytest.fixture
def penstock(tmp_path: Path, own_redis: RedisServer, postgresql_url: str) -> Iterator[Installation]:
    with Installation(
        tmp_path,
        redis_url=own_redis.url,
        database_url=postgresql_url,
        namespace="wiped",
        lease=LEASE,
        environment={
            "PENSTOCK_QUEUE_PROBE_CONCURRENCY": str(RUNNING // 2),
            "PENSTOCK_LOG_LEVEL": "warning",
        },
    ) as installation:
        yield installation


def submit(
    penstock: Installation, monkeypatch: pytest.MonkeyPatch, *tasks: tuple[int, dict[str, Any], int]
) -> None:
    """Submit many tasks, as an application does: (how many, input, delay in seconds)."""
    monkeypatch.syspath_prepend(PROBE_PLUGIN)

    async def run() -> None:
        plugins = discover()
        names = [each.name for each in plugins]
        settings = Settings.load(penstock.environment, penstock.folder, plugins=names)
        application = Application(settings, load(plugins))
        for count, task_input, delay in tasks:
            body = str(task_input).replace("'", '"').encode()
            for first in range(0, count, 500):
                await asyncio.gather(
                    *(
                        application.dispatch.submit(
                            Submission("probe.sleep", body, delay=timedelta(seconds=delay) or None)
                        )
                        for _ in range(min(500, count - first))
                    )
                )
        await application.close()

    asyncio.run(run())


def lines(log: Path) -> list[list[str]]:
    """What the handlers wrote: what, name, attempt, time, process."""
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def starts(log: Path, name: str) -> list[list[str]]:
    return [each for each in lines(log) if each[:2] == ["start", name]]


def test_a_wiped_redis_loses_nothing_and_runs_nothing_twice_on_a_live_worker(
    penstock: Installation,
    own_redis: RedisServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = tmp_path / "runs.log"
    survivor, victim = penstock.start_workers(2, "probe")
    gate = tmp_path / "gate"
    long = {"log": str(log), "name": "long", "until": str(gate)}
    submit(penstock, monkeypatch, (RUNNING, long, 0))
    wait_until(lambda: len(starts(log, "long")) == RUNNING, what="all slots to be taken")
    submit(
        penstock,
        monkeypatch,
        (WAITING, {"log": str(log), "name": "waiting"}, 0),
        (DELAYED, {"log": str(log), "name": "delayed"}, 5),
    )
    # What is due meanwhile stays where it is, as nobody has a slot for it.
    handed_over = {"waiting": WAITING, "delayed": DELAYED, "active": RUNNING}
    wait_until(
        lambda: penstock.queue_status()["probe"].items() >= handed_over.items(),
        what="all to be handed over",
    )
    assert starts(log, "waiting") == []

    own_redis.flush()
    os.kill(victim.pid, signal.SIGKILL)
    wiped = time.time()
    newcomer = penstock.start("worker", "--queues", "probe")
    gate.touch()
    ended = WAITING + DELAYED + RUNNING
    wait_until(
        lambda: penstock.queue_status()["probe"]["completed"] == ended,
        what="all tasks to end",
        timeout=120,
    )

    first = min(float(each[3]) for each in starts(log, "waiting"))
    assert first - wiped < AGAIN_WITHIN + STANDSTILL
    assert len(starts(log, "waiting")) == WAITING
    assert len(starts(log, "delayed")) == DELAYED
    # The survivor's ran once; each of the victim's ran once more, somewhere else.
    by_process = Counter(int(each[4]) for each in starts(log, "long") if float(each[3]) < wiped)
    assert by_process == {survivor.pid: RUNNING // 2, victim.pid: RUNNING // 2}
    again = [int(each[4]) for each in starts(log, "long") if float(each[3]) > wiped]
    assert len(again) == RUNNING // 2
    assert set(again) <= {survivor.pid, newcomer.pid}
    status = penstock.queue_status()["probe"]
    assert (status["failed"], status["waiting"], status["active"], status["delayed"]) == (0,) * 4
