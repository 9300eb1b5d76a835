"""Clients for a Redis Cluster: each command goes to the node that holds its key.

redis-py has clients of its own. They repeat commands, which is for their callers to decide; when
one node says ``CLUSTERDOWN``, theirs for asyncio closes the connections to all others, whatever
these are doing; and a call that finds no connection free fails instead of waiting. Ours are made of
ordinary clients, one for each node.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.commands.core import AsyncScript, Script
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import CrossSlotTransactionError, NoScriptError, RedisError

from penstock.engine.cluster_map import Address, slot_of, slot_of_queue
from penstock.engine.cluster_nodes import NodePools, SyncNodePools
from penstock.redis_url import name_of

_PING_TIMEOUT = 1.0


class ClusterClient(Redis):
    """A client like any other, but for commands and transactions on keys of several slots.

    It is made by ``from_pool`` of :class:`NodePools`.
    """

    connection_pool: NodePools

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command where its key is, or anywhere; see redis-py for the rest."""
        slot = slot_of(args)
        if slot is None:
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

        async def send(client: Any) -> Any:
            return await client.execute_command(*args, **options)

        return await self.connection_pool.at_slot(slot, send)

    async def ping(self, **_options: Any) -> bool:
        """Return if all masters answer.

        Raises:
            ConnectionError: with what went wrong at each of the others.
        """
        nodes = self.connection_pool.nodes
        if nodes.map.masters != nodes.map.trusted or not nodes.map.masters:
            # Not each time: whoever is asked may hang, and would not be the one to be named.
            await nodes.look()
        masters = nodes.map.masters
        said = await asyncio.gather(*map(self._pinged, masters))
        if problems := list(filter(None, said)):
            raise RedisConnectionError(f"of the {len(masters)} masters, {'; '.join(problems)}")
        return True

    async def _pinged(self, node: Address) -> str:
        """What is wrong with a node; empty if it answers."""

        async def ping(client: Redis) -> None:
            async with asyncio.timeout(_PING_TIMEOUT):
                await client.ping()

        try:
            await self.connection_pool.at(node, ping)
        except TimeoutError:
            return f"{name_of(node)} did not answer in {_PING_TIMEOUT:g} s"
        except (RedisError, OSError) as error:
            text = str(error)
            return text if name_of(node) in text else f"{name_of(node)}: {text}"
        return ""

    async def masters(self) -> Mapping[Address, Redis]:
        """A client for each node that holds slots, as the cluster says now."""
        await self.connection_pool.nodes.look()
        return {
            node: self.connection_pool.client(node)
            for node in self.connection_pool.nodes.map.masters
        }

    def holder_of(self, queue: str) -> Address | None:
        """The node that holds ``queue``, as far as is known without asking."""
        return self.connection_pool.nodes.map.node_of(slot_of_queue(queue))

    def register_script(self, script: Any) -> AsyncScript:  # type: ignore[override]
        """A script that each node is told when it runs there for the first time."""
        return _ClusterScript(self, script)

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:  # noqa: FBT001, FBT002, RUF100  (redis-py's)
        """Commands that are sent together, to each node those that it is for."""
        return _ClusterPipeline(
            self.connection_pool, self.response_callbacks, transaction, shard_hint
        )


class _ClusterScript(AsyncScript):
    async def __call__(self, keys: Any = (), args: Any = (), client: Any = None) -> Any:
        """Run it where ``keys`` are."""
        client = client or self.registered_client
        arguments = (len(keys), *keys, *args)
        try:
            return await client.evalsha(self.sha, *arguments)
        except NoScriptError:
            # SCRIPT LOAD has no key, and would reach some other node.
            return await client.eval(self.script, *arguments)


class _ClusterPipeline(Pipeline):
    connection_pool: NodePools

    async def execute(self, raise_on_error: bool = True) -> list[Any]:  # noqa: FBT001, FBT002, RUF100  (redis-py's)
        """The answers, in order. What goes wrong at a slot is the answer to all that it was sent.

        Raises:
            CrossSlotTransactionError: a transaction is about several slots; nothing was sent.
        """
        commands, self.command_stack = self.command_stack, []
        by_slot: dict[int, list[int]] = defaultdict(list)
        for position, (command, _) in enumerate(commands):
            by_slot[slot_of(command) or 0].append(position)
        if self.is_transaction and len(by_slot) > 1:
            raise CrossSlotTransactionError("a transaction has keys of several slots")
        found = await asyncio.gather(
            *(
                self._at_slot(slot, [commands[each] for each in positions])
                for slot, positions in by_slot.items()
            )
        )
        answers: list[Any] = [None] * len(commands)
        for positions, here in zip(by_slot.values(), found, strict=True):
            for position, answer in zip(positions, here, strict=True):
                answers[position] = answer
        if raise_on_error:
            for each in answers:
                if isinstance(each, Exception):
                    raise each
        return answers

    async def _at_slot(self, slot: int, commands: Sequence[Any]) -> list[Any]:
        async def send(client: Redis) -> list[Any]:
            pipeline: Any = client.pipeline(self.is_transaction)
            pipeline.command_stack = list(commands)
            answers: list[Any] = await pipeline.execute()
            return answers

        try:
            return await self.connection_pool.at_slot(slot, send)
        except (RedisError, OSError) as error:
            return [error] * len(commands)


class SyncClusterClient(SyncRedis):
    """The same for a thread without an event loop; it has no pipelines."""

    connection_pool: SyncNodePools

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Send a command where its key is; see redis-py for the rest."""

        def send(client: Any) -> Any:
            return client.execute_command(*args, **options)

        slot = slot_of(args)
        if slot is None:
            return self.connection_pool.at(self.connection_pool.nodes.anyone(), send)
        return self.connection_pool.at_slot(slot, send)

    def by_holder(self, queues: Iterable[str]) -> Mapping[Address, Sequence[str]]:
        """The nodes that hold ``queues``, each with those that it holds."""
        found: dict[Address, list[str]] = defaultdict(list)
        for queue in queues:
            found[self.connection_pool.nodes.holder_of(slot_of_queue(queue))].append(queue)
        return found

    def register_script(self, script: Any) -> Script:
        """A script that each node is told when it runs there for the first time."""
        return _SyncClusterScript(self, script)


class _SyncClusterScript(Script):
    def __call__(self, keys: Any = (), args: Any = (), client: Any = None) -> Any:
        """Run it where ``keys`` are."""
        client = client or self.registered_client
        arguments = (len(keys), *keys, *args)
        try:
            return client.evalsha(self.sha, *arguments)
        except NoScriptError:
            return client.eval(self.script, *arguments)
