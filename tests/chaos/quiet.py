"""Waiting until everything has ended, and what is left in Redis then."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from redis import Redis

from tests.chaos.evidence import Leftover
from tests.chaos.world import World

_TICK = 0.1
_SIZES = {
    "string": "STRLEN",
    "list": "LLEN",
    "set": "SCARD",
    "zset": "ZCARD",
    "hash": "HLEN",
    "stream": "XLEN",
}


def wait_until(world: World, condition: Callable[[], bool], timeout: float) -> bool:
    """Whether ``condition`` came true in time; the fleet is looked after meanwhile."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        world.fleet.tend()
        time.sleep(_TICK)
    return True


def wait(world: World, seconds: float) -> None:
    """Let ``seconds`` pass, while the fleet is looked after."""
    wait_until(world, lambda: False, seconds)


def leftovers(world: World) -> Sequence[Leftover]:
    """Every key in Redis."""
    found: list[Leftover] = []
    for server in world.masters:
        with Redis.from_url(server.url, socket_timeout=5) as client:
            found += [_leftover(client, name) for name in sorted(client.scan_iter(count=1000))]
    return found


def _leftover(client: Redis, name: bytes) -> Leftover:
    kind = str(client.execute_command("TYPE", name), "ascii")
    size = client.execute_command(_SIZES[kind], name) if kind in _SIZES else 0
    return Leftover(name=name.decode(), kind=kind, size=int(size), seconds=client.ttl(name))
