"""Everything that a run breaks: servers, the lines to them, and the processes that use them."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
from redis import Redis

from tests.chaos import ledger_log
from tests.chaos.evidence import QUEUES
from tests.chaos.fleet import Fleet
from tests.services import (
    PostgresServer,
    Proxy,
    RedisCluster,
    RedisServer,
    SentinelCluster,
    find_free_port,
)

NAMESPACE = "chaos"
API_KEY = "key-of-the-chaos"
_PLUGIN = Path(__file__).parents[1] / "chaos_plugin"
_DRAIN = 1.0
_START_TIMEOUT = 60.0
# What a crash of the server alone may lose is what it promised to keep: nothing.
_POSTGRES = {"synchronous_commit": "on"}

_LEADER = "SELECT holder FROM leader WHERE expires_at > now()"
_ANY_OPEN = """
SELECT EXISTS (SELECT FROM task WHERE finished_at IS NULL)
    OR EXISTS (SELECT FROM batch WHERE sealed_at IS NOT NULL AND finished_at IS NULL)
"""


@dataclass(frozen=True, kw_only=True)
class World:
    """What faults work on."""

    folder: Path
    servers: Sequence[RedisServer]
    """Whoever may be Redis."""
    postgres: PostgresServer
    database: str
    lines: Mapping[str, Proxy]
    """By caller and server: ``api-redis``, ``worker-postgres`` …"""
    fleet: Fleet
    apis: Sequence[str]
    """The addresses of the API processes."""
    execution_log: Path
    together: SentinelCluster | RedisCluster | None = None
    """Who decides which of several servers are Redis."""

    @property
    def sentinels(self) -> SentinelCluster:
        """Who decides which server is Redis.

        Raises:
            RuntimeError: this world has none.
        """
        if isinstance(self.together, SentinelCluster):
            return self.together
        raise RuntimeError("this world has no Sentinels: ask for --sentinel")

    @property
    def cluster(self) -> RedisCluster:
        """The servers among which the queues are spread.

        Raises:
            RuntimeError: they are not.
        """
        if isinstance(self.together, RedisCluster):
            return self.together
        raise RuntimeError("this world has no Redis Cluster: ask for --cluster")

    @property
    def redis_url(self) -> str:
        """Where those who run find Redis, without a proxy."""
        return self.servers[0].url if self.together is None else self.together.url

    @property
    def masters(self) -> Sequence[RedisServer]:
        """The servers that are Redis now."""
        match self.together:
            case None:
                return self.servers[:1]
            case SentinelCluster():
                return [self.together.master]
            case RedisCluster():
                return self.together.masters

    @property
    def redis(self) -> RedisServer:
        """The one server that is Redis now."""
        (server,) = self.masters
        return server

    def holder_of(self, queue: str) -> RedisServer:
        """The server that holds a queue now."""
        if isinstance(self.together, RedisCluster):
            return self.together.holder_of(queue)
        return self.redis

    @property
    def dsn(self) -> str:
        """The database's address for asyncpg, without a proxy."""
        return self.postgres.url(self.database).replace("+asyncpg", "")

    def redis_client(self, queue: str) -> Redis:
        """A connection to the Redis that holds a queue, without a proxy."""
        return Redis.from_url(self.holder_of(queue).url, socket_timeout=5)

    def leader(self) -> int | None:
        """The process id of whoever leads, if anybody does."""
        holder = asyncio.run(_ask(self.dsn, _LEADER))
        return None if holder is None else process_id(holder)

    def is_drained(self) -> bool:
        """Whether every task in the ledger has ended, and every sealed batch."""
        return not asyncio.run(_ask(self.dsn, _ANY_OPEN))


def process_id(name: str) -> int:
    """The process id in the name that a process goes by in the ledger: host-pid-token."""
    return int(name.rsplit("-", 2)[1])


@contextmanager
def started(
    folder: Path, *, core: Path, workers: int, apis: int, lease: float, redis: str
) -> Iterator[World]:
    """Start it all, and return once it serves; nothing is left at the end.

    Args:
        folder: for data and logs.
        core: the folder that processes import `penstock` from.
        workers: how many; the last one is of the old version.
        apis: how many API processes.
        lease: in seconds.
        redis: ``single``; ``sentinel``, for a master with a replica, watched by Sentinels; or
            ``cluster``, for three masters, each with a replica.
    """
    from penstock.ledger.migrate import upgrade

    with ExitStack() as stack:
        postgres = stack.enter_context(PostgresServer(settings=_POSTGRES))
        database = postgres.create_database()
        upgrade(postgres.url(database))
        postgres.execute(ledger_log.statements(), database)
        together: SentinelCluster | RedisCluster | None = None
        if redis == "sentinel":
            together = stack.enter_context(SentinelCluster(folder))
        elif redis == "cluster":
            together = stack.enter_context(RedisCluster(folder))
        servers = (
            together.servers if together else [stack.enter_context(RedisServer(folder / "redis"))]
        )
        upstream = {"postgres": postgres.port}
        if together is None:
            upstream["redis"] = servers[0].port
        lines = {
            f"{caller}-{name}": stack.enter_context(Proxy(port))
            for caller in ("api", "worker")
            for name, port in upstream.items()
        }
        fleet = Fleet(folder)
        stack.callback(fleet.close)
        ports = [find_free_port() for _ in range(apis)]
        world = World(
            folder=folder,
            servers=servers,
            postgres=postgres,
            database=database,
            lines=lines,
            fleet=fleet,
            apis=[f"http://127.0.0.1:{port}" for port in ports],
            execution_log=folder / "executions.log",
            together=together,
        )
        for number, port in enumerate(ports):
            environment = _environment(world, core, "api", lease)
            environment["PENSTOCK_PORT"] = str(port)
            fleet.add(f"api-{number}", role="api", arguments=["api"], environment=environment)
        # The APIs lead: their lines are broken apart from those of the workers.
        _wait(world, lambda: world.leader() is not None)
        for number in range(workers):
            fleet.add(
                f"worker-{number}",
                role="worker",
                arguments=["worker", "--queues", ",".join(QUEUES)],
                environment=_environment(world, core, "worker", lease),
                version="old" if number == workers - 1 > 0 else "new",
            )
        _wait(world, lambda: all(_serves(each, workers) for each in world.apis))
        yield world


def _environment(world: World, core: Path, caller: str, lease: float) -> dict[str, str]:
    def through(url: str, line: str) -> str:
        port = urlsplit(url).port
        return url.replace(f":{port}/", f":{world.lines[line].port}/")

    redis_url = world.redis_url
    if world.together is None:
        redis_url = through(redis_url, f"{caller}-redis")
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PENSTOCK_", "OPENAI_"))
    }
    return {
        **own,
        "PYTHONPATH": f"{core}{os.pathsep}{_PLUGIN}",
        "CHAOS_LOG": str(world.execution_log),
        "REDIS_URL": redis_url,
        "DATABASE_URL": through(world.postgres.url(world.database), f"{caller}-postgres"),
        "PENSTOCK_NAMESPACE": NAMESPACE,
        "PENSTOCK_DATA_DIR": str(world.folder / "data"),
        "PENSTOCK_API_KEY": API_KEY,
        "PENSTOCK_LEASE_SECONDS": str(lease),
        "PENSTOCK_DRAIN_SECONDS": str(_DRAIN),
    }


def _wait(world: World, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while not condition():
        if time.monotonic() > deadline:
            logs = "\n".join(
                f"--- {path.name}\n{path.read_text()}" for path in world.folder.glob("*.log")
            )
            raise TimeoutError(f"the installation does not come up:\n{logs}")
        time.sleep(0.05)


def _serves(api: str, workers: int) -> bool:
    try:
        answer = httpx.get(f"{api}/api/health", trust_env=False)
    except httpx.TransportError:
        return False
    if answer.status_code != httpx.codes.OK:
        return False
    serving: Mapping[str, int] = answer.json()["data"]["workers"]
    return all(serving.get(queue, 0) >= workers for queue in QUEUES)


async def _ask(dsn: str, question: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()
