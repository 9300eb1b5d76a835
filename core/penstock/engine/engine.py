"""Order, limits and leases of tasks, kept in Redis.

An index that can be rebuilt from the ledger at any time: it holds ids and scores, never inputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from redis.exceptions import ResponseError

from penstock.declarations import Priority, Queue
from penstock.engine import scripts
from penstock.engine.epoch import known_epoch, new_epoch
from penstock.engine.errors import EngineUnavailableError, EpochMissingError, translated
from penstock.engine.keys import QueueKeys
from penstock.engine.servers import RedisServers

_ENQUEUE_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A task to put in line. ``delay`` is the time until it is due."""

    id: UUID
    priority: Priority
    delay: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to run one task until it expires; renewed by heartbeats.

    ``token`` tells this claim from every other one of the same task, within ``epoch``.
    """

    id: UUID
    queue: str
    epoch: str
    token: bytes
    score: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What becomes of a lease: ``done``, ``delay`` (again after ``delay``), or ``back`` in line."""

    lease: Lease
    kind: Literal["done", "delay", "back"] = "done"
    delay: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The answer to a claim: leases, and the seconds after which the next call is useful."""

    leases: Sequence[Lease]
    expired: int
    next_wake: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many tasks of a queue are where, and how many workers serve it."""

    waiting: int
    active: int
    delayed: int
    workers: int


class Engine:
    """The queues of one installation.

    Every method raises :class:`EngineUnavailableError` if Redis is away, and is safe to repeat.

    Args:
        servers: the Redis that holds the queues.
        namespace: prefix of all keys, so that several installations can share a server.
        lease: how long a claimed task stays its worker's without a heartbeat.
    """

    def __init__(self, servers: RedisServers, *, namespace: str, lease: timedelta) -> None:
        self.servers = servers
        self.namespace = namespace
        self.lease = lease
        self._commands = servers.command_client()
        self._blocking = servers.blocking_client(lease.total_seconds())
        self._enqueue = self._commands.register_script(scripts.source("enqueue"))
        self._claim = self._commands.register_script(scripts.source("claim"))
        self._epochs: dict[str, str] = {}
        self.round_trips = 0
        """How many calls went to Redis, for benchmarks and metrics."""

    async def close(self) -> None:
        """Close all connections."""
        await self._commands.aclose()
        await self._commands.connection_pool.disconnect()
        await self._blocking.aclose()

    async def ping(self) -> None:
        """Return if Redis answers."""
        with translated("answer a PING"):
            await self._commands.ping()

    # -- epochs ------------------------------------------------------------------------------

    async def create_epoch(self, queue: str) -> bool:
        """Begin a new index for ``queue`` unless it has one; True if it was begun here.

        Only the reconciler calls this: whoever begins an index has to fill it.
        """
        with translated(f"begin the index of queue {queue!r}"):
            created = await self._commands.set(self._keys(queue).epoch, new_epoch(), nx=True)
        return bool(created)

    async def epoch(self, queue: str) -> str:
        """The epoch of ``queue``, from memory if known.

        Raises:
            EpochMissingError: if there is none.
            EngineFormatError: if a newer Penstock began it.
        """
        known = self._epochs.get(queue)
        if known is not None:
            return known
        with translated(f"read the epoch of queue {queue!r}"):
            found: Any = await self._commands.get(self._keys(queue).epoch)
        epoch = known_epoch(queue, found)
        self._epochs[queue] = epoch
        return epoch

    # -- putting in and taking out -------------------------------------------------------------

    async def enqueue(self, queue: str, entries: Sequence[Entry]) -> int:
        """Put tasks in line; returns how many the queue did not have already."""
        added = 0
        for start in range(0, len(entries), _ENQUEUE_BATCH):
            arguments: list[Any] = []
            for entry in entries[start : start + _ENQUEUE_BATCH]:
                arguments += (entry.id.bytes, int(entry.priority), _milliseconds(entry.delay))
            _, new = await self._run(self._enqueue, queue, arguments, "enqueue")
            added += int(new)
        return added

    async def claim(self, queue: Queue, want: int, settlements: Iterable[Settlement] = ()) -> Claim:
        """Settle leases and take up to ``want`` tasks, within the queue's limits."""
        rate = queue.rate_limit
        arguments: list[Any] = [
            want,
            _milliseconds(self.lease),
            queue.global_concurrency or 0,
            rate.limit if rate else 0,
            _milliseconds(rate.period) if rate else 0,
        ]
        for each in settlements:
            lease = each.lease
            arguments += (each.kind, lease.id.bytes, lease.token, _milliseconds(each.delay))
        epoch, reply = await self._run(self._claim, queue.name, arguments, "claim")
        leases = [
            Lease(
                id=UUID(bytes=reply[i]),
                queue=queue.name,
                epoch=epoch,
                token=reply[i + 1],
                score=reply[i + 2],
            )
            for i in range(2, len(reply), 3)
        ]
        wake = int(reply[0])
        return Claim(
            leases=leases, expired=int(reply[1]), next_wake=wake / 1000 if wake >= 0 else None
        )

    async def wait(self, queue: str, timeout: float) -> None:
        """Return when there may be work in ``queue``, or after ``timeout`` seconds."""
        with translated(f"wait for work in queue {queue!r}"):
            self.round_trips += 1
            # A time-out of 0 would block for ever.
            await self._blocking.blpop([self._keys(queue).wake], timeout=max(timeout, 0.01))

    # -- looking -------------------------------------------------------------------------------

    async def counts(self, queues: Sequence[str]) -> dict[str, Counts]:
        """The sizes of queues, each in O(1)."""
        # Commands on a pipeline only queue up, though they are typed as if they were sent.
        pipeline: Any = self._commands.pipeline(transaction=False)
        for queue in queues:
            keys = self._keys(queue)
            for key in (keys.waiting, keys.leases, keys.delayed, keys.workers):
                pipeline.zcard(key)
        with translated("count tasks"):
            sizes = await pipeline.execute()
        return {
            queue: Counts(
                waiting=sizes[i], active=sizes[i + 1], delayed=sizes[i + 2], workers=sizes[i + 3]
            )
            for i, queue in zip(range(0, len(sizes), 4), queues, strict=True)
        }

    async def missing(self, queue: str, ids: Sequence[UUID]) -> tuple[str, list[UUID]]:
        """Those of ``ids`` that the queue does not have: not waiting, delayed or leased.

        Returns:
            The epoch in which that was so (empty if there was none), and the ids.
        """
        keys = self._keys(queue)
        members = [each.bytes for each in ids]
        pipeline: Any = self._commands.pipeline(transaction=True)
        pipeline.get(keys.epoch)
        if members:
            pipeline.zmscore(keys.waiting, members)
            pipeline.hmget(keys.entry, members)
        with translated(f"look up tasks of queue {queue!r}"):
            epoch, *found = await pipeline.execute()
        scores, entries = found or ([], [])
        missing = [
            each
            for each, score, entry in zip(ids, scores, entries, strict=True)
            if score is None and entry is None
        ]
        return str(epoch or b"", "ascii"), missing

    # -- plumbing ------------------------------------------------------------------------------

    def _keys(self, queue: str) -> QueueKeys:
        return QueueKeys.of(self.namespace, queue)

    async def _run(
        self, script: Any, queue: str, arguments: list[Any], what: str
    ) -> tuple[str, Any]:
        """Run a script under the queue's epoch; once more if the epoch changed meanwhile.

        Returns:
            The epoch under which it ran, and its reply.
        """
        for last in (False, True):
            epoch = await self.epoch(queue)
            try:
                self.round_trips += 1
                with translated(f"{what} in queue {queue!r}"):
                    return epoch, await script(keys=self._keys(queue), args=[epoch, *arguments])
            except EngineUnavailableError as error:
                if not _is_epoch_error(error):
                    raise
                self._epochs.pop(queue, None)
                if last:
                    raise EpochMissingError(str(error)) from error
        raise AssertionError  # pragma: no cover  (the loop returns or raises)


def _is_epoch_error(error: EngineUnavailableError) -> bool:
    cause = error.__cause__
    return isinstance(cause, ResponseError) and str(cause).startswith("EPOCH")


def _milliseconds(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1000)
