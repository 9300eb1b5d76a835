"""``python -m benchmarks.listeners``: bring up everything, listen, print, leave nothing running."""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
from redis import Redis

from benchmarks.listeners.listening import Heard, Listening
from benchmarks.listeners.plugin import COUNT
from benchmarks.peer import ROOT
from penstock.cli import serving
from penstock.ledger.migrate import upgrade
from tests.services import PostgresServer, RedisServer, find_free_port

KEY = "key-of-the-benchmark"
_START = 60.0
_MIB = 2**20


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.listeners", description=__doc__)
    parser.add_argument("--listeners", type=int, default=2000)
    parser.add_argument("--tasks", type=int, default=20, help="over which they are spread")
    parser.add_argument("--rate", type=float, default=100, help="events a second, of all tasks")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument(
        "--every", type=float, default=30, help="seconds that a connection lasts on average; 0: all"
    )
    return parser.parse_args()


def main() -> None:
    asked = options()
    files = 4 * asked.listeners + 500
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(files, hard), hard))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-listeners-")))
        redis = stack.enter_context(RedisServer(folder / "redis"))
        postgres = stack.enter_context(PostgresServer(durable=True))
        database = postgres.url(postgres.create_database())
        upgrade(database)
        port = find_free_port()
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "REDIS_URL": redis.url,
            "DATABASE_URL": database,
            "PENSTOCK_PORT": str(port),
            "PENSTOCK_API_KEY": KEY,
            "PENSTOCK_DATA_DIR": str(folder / "data"),
            "PENSTOCK_MAX_TASK_LOG_LINES": "10",
        }
        api, _ = (stack.enter_context(_process(each, environment)) for each in ("api", "worker"))
        url = f"http://127.0.0.1:{port}"
        with asyncio.Runner(loop_factory=serving.loop_factory()) as runner:
            runner.run(listen(asked, url, psutil.Process(api.pid), redis))


async def listen(
    asked: argparse.Namespace, url: str, api: psutil.Process, redis: RedisServer
) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    heard = Heard()
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as client:
        await _until_served(client)
        events = round(asked.rate * asked.seconds / asked.tasks)
        body = {"type": COUNT, "input": {"events": events, "pause": asked.tasks / asked.rate}}
        # They start when everybody is there.
        body |= {"delay_seconds": 5 + asked.listeners / 500}
        tasks = [
            (await client.post("/api/queues/tasks", json=body)).raise_for_status().json()["data"]
            for _ in range(asked.tasks)
        ]
        listening = []
        for number in range(asked.listeners):
            each = f"{url}/api/queues/tasks/{tasks[number % asked.tasks]['id']}/events"
            one = Listening(each, key=KEY, events=events, every=asked.every, heard=heard)
            listening.append(asyncio.create_task(one.run()))
            if number % 50 == 0:
                await asyncio.sleep(0.05)
        samples = asyncio.create_task(_watch(client, api, redis, heard))
        await asyncio.gather(*listening)
        samples.cancel()
    print(
        f"{asked.listeners} listeners on {asked.tasks} tasks: {heard.events:,} events heard, "
        f"{heard.lost_connections:,} connections lost, {heard.gaps} gaps, "
        f"{len(heard.wrong)} missing or twice {heard.wrong[:3]}"
    )
    if heard.latencies:
        print(f"from saying to hearing: {_quantiles(heard.latencies)}")


async def _watch(
    client: httpx.AsyncClient, api: psutil.Process, redis: RedisServer, heard: Heard
) -> None:
    api.cpu_percent()
    pid = str(api.pid)
    begun = time.monotonic()
    while True:
        await asyncio.sleep(10)
        before = time.monotonic()
        await client.get("/api/health")
        answer = (time.monotonic() - before) * 1000
        with Redis(port=redis.port) as connection:
            clients = [each for each in connection.client_list() if each["id"]]
        ports = {each.laddr.port for each in api.net_connections("tcp") if each.raddr}
        of_api = [each for each in clients if int(each["addr"].rpartition(":")[2]) in ports]
        print(
            f"{time.monotonic() - begun:5.0f} s  process {pid}: "
            f"{api.memory_info().rss / _MIB:.0f} MiB, {api.cpu_percent():.0f} % CPU, "
            f"{len(of_api)} of {len(clients) - 1} Redis connections, health in {answer:.0f} ms, "
            f"{heard.events:,} events heard, {heard.lost_connections:,} connections lost",
            flush=True,
        )


def _process(what: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return _Process(
        [sys.executable, "-m", "benchmarks.listeners.process", what], env=environment, cwd=ROOT
    )


class _Process(subprocess.Popen[bytes]):
    def __exit__(self, *exc_info: object) -> None:
        self.kill()
        self.wait()


async def _until_served(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(_START):
        while True:
            try:
                if (await client.get("/api/health")).is_success:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.1)


def _quantiles(values: Sequence[float]) -> str:
    cuts = statistics.quantiles(values, n=100)
    return f"p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms, of {len(values):,}"


if __name__ == "__main__":
    main()
