"""The limits of providers, across all queues and workers, kept in Redis.

Each provider's keys have a hash tag of their own. They need no index: what was wiped comes back
empty. Then grants of running tasks are missing until their workers' next heartbeat, and start
times, used units and a closing are forgotten: for that long a limit may be exceeded, by as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis

from penstock.declarations import Provider
from penstock.engine import scripts
from penstock.engine.durations import milliseconds
from penstock.engine.errors import translated
from penstock.engine.keys import ProviderKeys

FIRST_PAUSE = timedelta(seconds=1)
"""How long a provider is closed that does not say for how long; twice as long each time."""
LONGEST_PAUSE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The right of one run to use its provider until it expires; renewed by heartbeats.

    ``id`` is met once; ``units`` are those that are charged for it at first.
    """

    id: bytes
    provider: str
    units: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantSettlement:
    """What becomes of a grant: ``units`` more (or fewer, below 0) were used; it may be over."""

    grant: Grant
    units: int = 0
    is_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The answer to who asks for grants.

    Attributes:
        count: how many were taken: the first ones, as none overtakes another.
        wait: after what time it is useful to ask for the next.
        is_listed: whether the queue is told if that is earlier, because something was given back.
    """

    count: int
    wait: timedelta
    is_listed: bool


class ProviderLimits:
    """Grants for runs that need providers.

    Every method raises :class:`~penstock.engine.errors.EngineUnavailableError` if Redis is away.

    Args:
        commands: a client.
        namespace: prefix of all keys.
        lease: how long a grant lasts without a heartbeat.
    """

    def __init__(self, commands: Redis, *, namespace: str, lease: timedelta) -> None:
        self._commands = commands
        self._namespace = namespace
        self._lease = lease
        self._scripts = {
            name: commands.register_script(scripts.provider_source(name))
            for name in ("grant", "settle_grants", "close_provider")
        }
        self.round_trips = 0
        """How many calls went to Redis, for benchmarks and metrics."""

    async def take(self, provider: Provider, grants: Sequence[Grant], *, queue: str) -> Taken:
        """Take ``grants`` for tasks of ``queue``, as far as the limits of ``provider`` allow."""
        rate, bucket = provider.rate_limit, provider.units
        arguments: list[Any] = [
            queue,
            provider.concurrency or 0,
            rate.limit if rate else 0,
            milliseconds(rate.period) if rate else 0,
            bucket.limit if bucket else 0,
            milliseconds(bucket.period) if bucket else 0,
            bucket.capacity if bucket else 0,
        ]
        for grant in grants:
            arguments += (grant.id, grant.units)
        count, wait, is_listed = await self._call("grant", provider.name, arguments)
        return Taken(count=count, wait=timedelta(milliseconds=wait), is_listed=bool(is_listed))

    async def settle(self, provider: Provider, settlements: Sequence[GrantSettlement]) -> list[str]:
        """Give grants back, and correct what was charged for them.

        Returns:
            The queues that were turned away, and whose tasks may ask again now.
        """
        bucket = provider.units
        arguments: list[Any] = [
            bucket.limit if bucket else 0,
            milliseconds(bucket.period) if bucket else 0,
        ]
        for each in settlements:
            arguments += (each.grant.id, each.units, int(each.is_over))
        queues = await self._call("settle_grants", provider.name, arguments)
        return [queue.decode() for queue in queues]

    async def has_turned_away(self, provider: str, queue: str) -> bool:
        """Whether ``queue`` is yet to be told when something is given back."""
        key = ProviderKeys.of(self._namespace, provider).turned_away
        with translated(f"look up who waits for provider {provider!r}"):
            self.round_trips += 1
            answer: Any = self._commands.sismember(key, queue)
            return bool(await answer)

    async def closed_for(self, provider: str) -> timedelta:
        """How long nobody may start, because :meth:`close` was called; zero if it is open."""
        key = ProviderKeys.of(self._namespace, provider).closed
        with translated(f"look up whether provider {provider!r} is closed"):
            self.round_trips += 1
            left: int = await self._commands.pttl(key)
        return timedelta(milliseconds=max(0, left))

    async def close(self, provider: str, pause: timedelta | None) -> timedelta:
        """Let nobody start before ``pause`` is over; returns for how long it is closed now.

        Without ``pause`` it is :data:`FIRST_PAUSE`, and twice as long each time that the next
        follows soon after, up to :data:`LONGEST_PAUSE`.
        """
        arguments = [
            max(1, milliseconds(pause)) if pause else 0,
            milliseconds(FIRST_PAUSE),
            milliseconds(LONGEST_PAUSE),
        ]
        closed = await self._call("close_provider", provider, arguments)
        return timedelta(milliseconds=closed)

    async def _call(self, name: str, provider: str, arguments: list[Any]) -> Any:
        self.round_trips += 1
        with translated(f"{name.replace('_', ' ')} for provider {provider!r}"):
            return await self._scripts[name](
                keys=ProviderKeys.of(self._namespace, provider),
                args=[milliseconds(self._lease), *arguments],
            )
