"""Waiting until everything has ended, and what is left in Redis then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import asyncpg
from redis import Redis

from tests.chaos.evidence import Leftover
from tests.chaos.world import World

_OPEN = "SELECT count(*) FROM task WHERE finished_at IS NULL"
_TICK = 0.1
_SIZES = {
    "string": "STRLEN",
    "list": "LLEN",
    "set": "SCARD",
    "zset": "ZCARD",
    "hash": "HLEN",
    "stream": "XLEN",
}


def wait_until_drained(world: World, timeout: float) -> bool:
    """Whether every task in the ledger ended in time."""
    deadline = time.monotonic() + timeout
    while asyncio.run(_open_tasks(world.dsn)):
        if time.monotonic() > deadline:
            return False
        world.fleet.tend()
        time.sleep(_TICK)
    return True


def wait(world: World, seconds: float) -> None:
    """Let ``seconds`` pass, while the fleet is looked after."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        world.fleet.tend()
        time.sleep(_TICK)


def leftovers(world: World) -> Sequence[Leftover]:
    """Every key in Redis."""
    with world.redis_client() as client:
        return [_leftover(client, name) for name in sorted(client.scan_iter(count=1000))]


def _leftover(client: Redis, name: bytes) -> Leftover:
    kind = str(client.execute_command("TYPE", name), "ascii")
    size = client.execute_command(_SIZES[kind], name) if kind in _SIZES else 0
    return Leftover(name=name.decode(), kind=kind, size=int(size), seconds=client.ttl(name))


async def _open_tasks(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval(_OPEN))
    finally:
        await connection.close()
