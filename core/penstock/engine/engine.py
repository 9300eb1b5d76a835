"""Order, limits and leases of tasks, kept in Redis.

An index that can be rebuilt from the ledger at any time: it holds ids, users and scores, never
inputs.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

import msgspec

from penstock.declarations import Priority, Queue
from penstock.engine import changes, scripts, shares
from penstock.engine.changes import EVERYTHING, Change
from penstock.engine.durations import milliseconds as _milliseconds
from penstock.engine.epoch import is_epoch_error, is_older, known_epoch, new_epoch
from penstock.engine.errors import EngineUnavailableError, EpochMissingError, translated
from penstock.engine.keys import QueueKeys, policies_channel
from penstock.engine.member import Member
from penstock.engine.provider_limits import ProviderLimits
from penstock.engine.servers import RedisServers

_ENQUEUE_BATCH = 500
# Enough to tell the claims of one millisecond apart.
_TICKET_BITS = 20
NO_WEIGHTS: Mapping[str, float] = MappingProxyType({})
"""All users have the same share."""
# Milliseconds that a new index is kept while nobody says that it is still being filled.
_BUILDING_TIMEOUT = 5_000
# What PTTL says of a key that does not expire: an index that is complete.
_NEVER = -1


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A task to put in line.

    Attributes:
        member: which one.
        priority: its band.
        delay: the time until it is due.
        kind: ``due`` in ``delay``; ``running``: leased to whoever is heard of that runs it; or
            ``again``: it begins anew, and whoever has a lease of it whose number is at most
            ``lease`` has an earlier life of it.
        lease: the number of the lease under which it was last started.
    """

    member: Member
    priority: Priority
    delay: timedelta = timedelta(0)
    kind: Literal["due", "running", "again"] = "due"
    lease: int = 0

    @property
    def id(self) -> UUID:
        """The task's."""
        return self.member.id

    @property
    def how(self) -> str:
        """``kind`` as the script takes it."""
        match self.kind:
            case "due":
                return str(_milliseconds(self.delay)) if self.delay else "0"
            case "again":
                moment, ticket = divmod(self.lease, 1 << _TICKET_BITS)
                return f"again {moment} {ticket}"
            case "running":
                return self.kind


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The right to run one task until it expires; renewed by heartbeats.

    ``token`` tells this claim from every other one of the same task, within ``epoch``.
    """

    member: Member
    queue: str
    epoch: str
    token: bytes
    score: bytes
    orphan: bool = False
    """Whether an earlier lease of this task ran out: its worker was lost."""

    @property
    def id(self) -> UUID:
        """The task's."""
        return self.member.id

    @property
    def number(self) -> int:
        """Larger than that of every earlier lease of the same task, and below 2^63."""
        moment, _, ticket = self.token.partition(b".")
        return int(moment) << _TICKET_BITS | int(ticket) % (1 << _TICKET_BITS)


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a lease.

    ``done``: the task is forgotten. ``delay``: it runs again after ``delay``. ``back``: it waits in
    its old place. ``stale``: so it does, if the lease is this one still; another run has begun.
    ``park``: it is left to workers that know ``task_type``. ``presume``: somebody else may be
    running it, and has one lease to be heard of. ``room``: it waits, in its old place, for its
    provider, all of whose tasks wait for ``delay``.
    """

    lease: Lease
    kind: Literal["done", "delay", "back", "stale", "park", "presume", "room"] = "done"
    delay: timedelta = timedelta(0)
    task_type: str = ""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a claim.

    Attributes:
        leases: what was taken.
        expired: how many leases of lost workers ran out in this call.
        parked: how many tasks are parked in the queue.
        next_wake: the seconds after which the next call is useful.
    """

    leases: Sequence[Lease]
    expired: int
    parked: int
    next_wake: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many tasks of a queue are where, and how many workers serve it.

    Those that wait for a limit of their user or provider are ``waiting``.
    """

    waiting: int
    active: int
    delayed: int
    workers: int
    parked: int


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
        self._scripts = {
            name: self._commands.register_script(scripts.source(name))
            for name in ("build", "cancel", "claim", "enqueue", "provider_room")
        }
        self.providers = ProviderLimits(self._commands, namespace=namespace, lease=lease)
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

    async def without_index(self, queues: Sequence[str]) -> list[str]:
        """Those of ``queues`` that have no index, or one of an older layout.

        Nobody has begun one, or Redis was wiped. Queues of a cluster's node that is away are left
        out, unless no node answers.
        """
        if not queues:
            return []
        pipeline: Any = self._commands.pipeline(transaction=False)
        for queue in queues:
            pipeline.get(self._keys(queue).epoch)
        with translated("look for the queues' indexes"):
            found = await pipeline.execute(raise_on_error=False)
            if all(isinstance(each, Exception) for each in found):
                raise found[0]
        return [
            queue
            for queue, epoch in zip(queues, found, strict=True)
            if epoch is None or (isinstance(epoch, bytes) and is_older(epoch))
        ]

    async def begin_index(self, queue: str) -> str | None:
        """Begin a new index for ``queue`` unless it has one; returns its epoch if it was begun.

        One of an older layout is replaced. Nothing is handed out from the new one until
        :meth:`open_index`. Whoever begins an index fills it,
        calling :meth:`keep_building` at least every few seconds, or else it goes away again and
        somebody else begins. Only the reconciler does.
        """
        epoch = new_epoch()
        with translated(f"begin the index of queue {queue!r}"):
            key = self._keys(queue).epoch
            if await self._commands.set(key, epoch, nx=True, px=_BUILDING_TIMEOUT):
                return epoch
            found: Any = await self._commands.get(key)
        if not is_older(found):
            return None
        try:
            await self._build(queue, found.decode(), "replace", epoch, _BUILDING_TIMEOUT)
        except EpochMissingError:
            # Somebody else was faster.
            return None
        return epoch

    async def keep_building(self, queue: str, epoch: str) -> None:
        """Say that the index that was begun with ``epoch`` is still being filled.

        Raises:
            EpochMissingError: it is gone.
        """
        await self._build(queue, epoch, "on", _BUILDING_TIMEOUT)

    async def open_index(self, queue: str, epoch: str) -> None:
        """Say that the index that was begun with ``epoch`` is complete: from now on it serves.

        Raises:
            EpochMissingError: it is gone.
        """
        await self._build(queue, epoch, "open")

    async def abandon_index(self, queue: str, epoch: str) -> None:
        """Give up the index that was begun with ``epoch``: somebody else may begin at once.

        Raises:
            EpochMissingError: it is gone.
        """
        await self._build(queue, epoch, "abandon")

    async def _build(self, queue: str, epoch: str, *what: Any) -> None:
        try:
            await self._call("build", queue, epoch, list(what))
        except EngineUnavailableError as error:
            if is_epoch_error(error):
                raise EpochMissingError(str(error)) from error
            raise

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

    async def enqueue(
        self,
        queue: str,
        entries: Sequence[Entry],
        *,
        unless_cancelled: bool = False,
        weights: Mapping[str, float] = NO_WEIGHTS,
    ) -> int:
        """Put tasks in line; returns how many the queue did not have already.

        Args:
            queue: its name.
            entries: the tasks.
            unless_cancelled: leave out what was cancelled in the last minute, for callers who have
                not looked since whether it is open.
            weights: the users' shares, as of ``Queue.user_weights``.
        """
        added = 0
        for start in range(0, len(entries), _ENQUEUE_BATCH):
            arguments: list[Any] = [int(unless_cancelled)]
            for entry in entries[start : start + _ENQUEUE_BATCH]:
                arguments += (entry.member.encode(), int(entry.priority), entry.how)
            _, new = await self._run("enqueue", queue, arguments, weights)
            added += int(new)
        return added

    async def cancel(
        self,
        queue: str,
        members: Sequence[Member],
        *,
        running: bool = False,
        weights: Mapping[str, float] = NO_WEIGHTS,
    ) -> int:
        """Take tasks out of line, and tell the workers that run some of them.

        What the last of a user's tasks would have cost is given back, and all of it when nothing
        of the user waits any more.

        Args:
            queue: its name.
            members: the tasks.
            running: these run, as the ledger knows: one that has lost its worker stays in line,
                so that another one finds it, and what somebody wants of it.
            weights: the users' shares, as of ``Queue.user_weights``.

        Returns:
            How many are leased.
        """
        leased = 0
        for start in range(0, len(members), _ENQUEUE_BATCH):
            names = [each.encode() for each in members[start : start + _ENQUEUE_BATCH]]
            _, told = await self._run("cancel", queue, [int(not running), *names], weights)
            leased += int(told)
        return leased

    async def claim(
        self,
        queue: Queue,
        want: int,
        settlements: Iterable[Settlement] = (),
        *,
        parked: Collection[str] = (),
    ) -> Claim:
        """Settle leases and take up to ``want`` tasks, within the queue's limits.

        Args:
            queue: with its limits.
            want: how many at most.
            settlements: what becomes of leases.
            parked: task types; parked tasks of these come back to be taken.
        """
        rate, user_rate = queue.rate_limit, queue.user_rate_limit
        arguments: list[Any] = [
            want,
            queue.global_concurrency or 0,
            rate.limit if rate else 0,
            _milliseconds(rate.period) if rate else 0,
            queue.user_concurrency or 0,
            user_rate.limit if user_rate else 0,
            _milliseconds(user_rate.period) if user_rate else 0,
            len(parked),
            *parked,
        ]
        for each in settlements:
            lease = each.lease
            timed = each.kind in {"delay", "room"}
            argument = _milliseconds(each.delay) if timed else each.task_type
            if each.kind == "room" and lease.orphan:
                # Else the start gate would take its run for one that is under way.
                argument = f"{argument}!"
            arguments += (each.kind, lease.member.encode(), lease.token, argument)
        epoch, reply = await self._run("claim", queue.name, arguments, queue.user_weights)
        orphans = set(reply[3])
        leases = [
            Lease(
                member=Member.decode(reply[i]),
                queue=queue.name,
                epoch=epoch,
                token=reply[i + 1],
                score=reply[i + 2],
                orphan=reply[i] in orphans,
            )
            for i in range(4, len(reply), 3)
        ]
        wake = int(reply[0])
        return Claim(
            leases=leases,
            expired=int(reply[1]),
            parked=int(reply[2]),
            next_wake=wake / 1000 if wake >= 0 else None,
        )

    async def close_room(self, queue: str, provider: str, delay: timedelta) -> None:
        """Put tasks of ``queue`` that need ``provider`` into its waiting room, for ``delay``."""
        await self._run("provider_room", queue, [provider, max(1, _milliseconds(delay))])

    async def open_room(
        self, queue: str, provider: str, *, after: timedelta = timedelta(0)
    ) -> None:
        """Let tasks of ``queue`` that wait for ``provider`` ask again, as far as there are any."""
        await self._run("provider_room", queue, [provider, "open", _milliseconds(after)])

    async def wait(self, queue: str, timeout: float) -> bool:
        """Return True when there may be work in ``queue``, False after ``timeout`` seconds."""
        with translated(f"wait for work in queue {queue!r}"):
            self.round_trips += 1
            # A time-out of 0 would block for ever.
            key = self._keys(queue).wake
            return await self._blocking.blpop([key], timeout=max(timeout, 0.01)) is not None

    async def notices(self, queues: Sequence[str]) -> AsyncGenerator[tuple[str, UUID | None], None]:
        """What the workers of ``queues`` shall hear at once: a queue, and a task of it to cancel.

        No task: one was parked in the queue. Only what is said while this listens is heard; a
        heartbeat, or the next claim, tells the rest.
        """
        channels = {self._keys(queue).notices.encode(): queue for queue in queues}
        async for message in self._messages("notices", *channels):
            if message["type"] == "message":
                data = message["data"]
                yield channels[message["channel"]], Member.decode(data).id if data else None

    async def announce(
        self, queue: str, ids: Sequence[UUID], kind: Literal["status", "events"] = "status"
    ) -> None:
        """Tell whoever follows tasks of ``queue`` that their rows, or streams, have changed.

        What goes through :meth:`claim`, :meth:`cancel` and ``again`` is told of by itself.
        """
        self.round_trips += 1
        with translated(f"announce news of queue {queue!r}"):
            await self._commands.publish(self._keys(queue).changed, changes.encode(kind, ids))

    async def changes(self, queues: Sequence[str]) -> AsyncGenerator[Change, None]:
        """Yields once it listens, and then what is announced of tasks of ``queues``."""
        channels = [self._keys(queue).changed for queue in queues]
        async for message in self._messages("news of tasks", *channels):
            if message["type"] == "message":
                yield changes.decode(message["data"])
            elif message["type"] == "subscribe":
                yield EVERYTHING

    async def announce_policies(self) -> None:
        """Tell all processes of the installation that the policy of a queue has changed."""
        with translated("announce a changed policy"):
            await self._commands.publish(policies_channel(self.namespace), b"")

    async def policy_changes(self) -> AsyncGenerator[None, None]:
        """Yields once it listens, and then whenever a policy has changed."""
        async for message in self._messages("policies", policies_channel(self.namespace)):
            if message["type"] in {"subscribe", "message"}:
                yield

    async def _messages(self, what: str, *channels: str | bytes) -> AsyncIterator[dict[str, Any]]:
        """What comes over ``channels``, and that it was subscribed to them."""
        with translated(f"listen for {what}"):
            async with self._blocking.pubsub() as pubsub:
                await pubsub.subscribe(*channels)
                quiet = False
                while True:
                    message: Any = await pubsub.get_message(timeout=self.lease.total_seconds())
                    if message is None and quiet:
                        raise TimeoutError("nothing came for two leases, not even a PONG")
                    quiet = message is None
                    if message is None:
                        await pubsub.ping()
                    else:
                        yield message

    # -- looking -------------------------------------------------------------------------------

    async def counts(self, queues: Sequence[str]) -> dict[str, Counts]:
        """The sizes of queues, each in O(1)."""
        # Commands on a pipeline only queue up, though they are typed as if they were sent.
        pipeline: Any = self._commands.pipeline(transaction=False)
        for queue in queues:
            keys = self._keys(queue)
            for key in (
                *(keys.waiting, keys.roomed, keys.leases, keys.delayed),
                *(keys.workers, keys.parked),
            ):
                pipeline.zcard(key)
        with translated("count tasks"):
            sizes = await pipeline.execute()
        return {
            queue: Counts(
                waiting=sizes[i] + sizes[i + 1],
                active=sizes[i + 2],
                delayed=sizes[i + 3],
                workers=sizes[i + 4],
                parked=sizes[i + 5],
            )
            for i, queue in zip(range(0, len(sizes), 6), queues, strict=True)
        }

    async def backlog(self, queue: str) -> int:
        """How many tasks of a queue wait, delayed and parked ones included; in O(1).

        Raises:
            EpochMissingError: the queue's index is gone, or is being built: nobody knows.
        """
        keys = self._keys(queue)
        pipeline: Any = self._commands.pipeline(transaction=False)
        pipeline.pttl(keys.epoch)
        for key in (keys.waiting, keys.roomed, keys.delayed, keys.parked):
            pipeline.zcard(key)
        with translated(f"count the tasks of queue {queue!r}"):
            expiry, *sizes = await pipeline.execute()
        if expiry != _NEVER:
            raise EpochMissingError(f"the index of queue {queue!r} is not complete")
        return sum(sizes)

    async def missing(self, queue: str, members: Sequence[Member]) -> list[Member]:
        """Those of ``members`` that the queue has nowhere.

        They neither wait, in line or in a room, nor are they delayed, leased or parked.
        """
        if not members:
            return []
        keys = self._keys(queue)
        commands: Any = self._commands  # it takes bytes, though it is typed for str
        with translated(f"look up tasks of queue {queue!r}"):
            # Most are in line, and a look there is the cheapest.
            scores = await commands.zmscore(keys.waiting, [each.encode() for each in members])
            others = [each for each, score in zip(members, scores, strict=True) if score is None]
            if not others:
                return []
            names = [each.encode() for each in others]
            # In one transaction: a task that moves from one place to the other is never between.
            pipeline = commands.pipeline(transaction=True)
            pipeline.zmscore(keys.waiting, names)
            pipeline.hmget(keys.entry, names)
            scores, entries = await pipeline.execute()
        return [
            each
            for each, score, entry in zip(others, scores, entries, strict=True)
            if score is None and entry is None
        ]

    # -- plumbing ------------------------------------------------------------------------------

    def _keys(self, queue: str) -> QueueKeys:
        return QueueKeys.of(self.namespace, queue)

    async def _run(
        self,
        name: str,
        queue: str,
        arguments: list[Any],
        weights: Mapping[str, float] = NO_WEIGHTS,
    ) -> tuple[str, Any]:
        """Run a script under the queue's epoch; once more if the epoch changed meanwhile.

        Returns:
            The epoch under which it ran, and its reply.
        """
        for last in (False, True):
            epoch = await self.epoch(queue)
            try:
                return epoch, await self._call(name, queue, epoch, arguments, weights)
            except EngineUnavailableError as error:
                if not is_epoch_error(error):
                    raise
                self._epochs.pop(queue, None)
                if last:
                    raise EpochMissingError(str(error)) from error
        raise AssertionError  # pragma: no cover  (the loop returns or raises)

    async def _call(
        self,
        name: str,
        queue: str,
        epoch: str,
        arguments: list[Any],
        weights: Mapping[str, float] = NO_WEIGHTS,
    ) -> Any:
        self.round_trips += 1
        with translated(f"{name} in queue {queue!r}"):
            return await self._scripts[name](
                keys=self._keys(queue),
                args=[epoch, _milliseconds(self.lease), shares.encode(weights), *arguments],
            )
