"""Redis' time as the engine's scripts see it: put forward when a test says so.

Leases and limits last minutes in such tests, which no machine stands still for, and run out in no
time.
"""

from pathlib import Path

import pytest

from penstock.engine import Engine, scripts

_LET_PASS = Path(__file__).with_name("let_time_pass.lua").read_text()
_NOW = "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"
_AHEAD = (
    "now = now + tonumber(redis.call('GET', string.match(KEYS[1], '^[^:]+') .. '-clock') or 0)\n"
)


def use_engine_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have all engines that are made from now on see the time that :func:`let_pass` makes.

    Not on a Redis Cluster, where a script reads no key of another slot.
    """
    read = scripts._text

    def with_clock(name: str) -> str:
        return read(name).replace(_NOW, _NOW + _AHEAD)

    assert all(_NOW in read(name) for name in ("prelude", "provider"))
    monkeypatch.setattr(scripts, "_text", with_clock)


async def let_pass(engine: Engine, seconds: float) -> None:
    """Let time pass for all queues and providers of the engine's namespace."""
    milliseconds = round(seconds * 1000)
    await engine._commands.eval(_LET_PASS, 0, engine.namespace, milliseconds)


async def time_of(engine: Engine) -> float:
    """What time it is for the engine, in seconds."""
    seconds, microseconds = await engine._commands.time()
    ahead = await engine._commands.get(f"{engine.namespace}-clock")
    return float(seconds + microseconds / 1e6 + int(ahead or 0) / 1e3)
