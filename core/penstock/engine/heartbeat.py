"""Renewing leases from a thread of its own, with a connection of its own.

A handler that blocks the event loop must not lose its task; nothing in here touches the loop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from penstock.engine import scripts
from penstock.engine.cluster_client import SyncClusterClient
from penstock.engine.durations import milliseconds
from penstock.engine.engine import Lease
from penstock.engine.epoch import is_epoch_error, known_epoch
from penstock.engine.errors import EngineUnavailableError, translated
from penstock.engine.keys import ProviderKeys, QueueKeys
from penstock.engine.provider_limits import Grant
from penstock.engine.servers import RedisServers


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What a queue answers to a heartbeat.

    Attributes:
        lost: leases that are no longer this worker's; other runs may be under way.
        cancelled: leases whose tasks somebody wants cancelled.
        waiting: how many tasks wait in the queue.
    """

    lost: Sequence[Lease]
    cancelled: Sequence[Lease]
    waiting: int


class Heartbeat:
    """The synchronous half of the engine: says that a worker lives, and at last that it left."""

    def __init__(
        self, servers: RedisServers, *, namespace: str, lease: timedelta, worker: str
    ) -> None:
        # Much shorter than a lease, so that one answer that never comes cannot cost it.
        self._client = servers.heartbeat_client(timeout=max(0.2, lease.total_seconds() / 8))
        self._renew = self._client.register_script(scripts.source("renew"))
        self._renew_grants = self._client.register_script(scripts.provider_source("renew_grants"))
        self._namespace = namespace
        self._lease_ms = milliseconds(lease)
        self._worker = worker
        self._epochs: dict[str, str] = {}
        # Queue -> epoch, and the tokens of earlier epochs that were adopted into it.
        self._adopted: dict[str, tuple[str, frozenset[bytes]]] = {}

    def servers(self, queues: Sequence[str]) -> Mapping[str, str]:
        """The run id of each queue's server: another one may have lost what was written last.

        Queues whose server does not answer are left out, unless none does.

        Raises:
            EngineUnavailableError: nothing is known.
        """
        with translated("tell its run id"):
            if not isinstance(self._client, SyncClusterClient):
                return dict.fromkeys(queues, _run_id(self._client))
            found: dict[str, str] = {}
            failure: Exception | None = None
            for node, there in self._client.by_holder(queues).items():
                try:
                    run_id = self._client.connection_pool.at(node, _run_id)
                except (RedisError, OSError) as error:
                    failure = error
                else:
                    found |= dict.fromkeys(there, run_id)
            if failure is not None and not found:
                raise failure
            return found

    def renew(self, queue: str, leases: Sequence[Lease], *, may_be_lost: bool = False) -> Beat:
        """Renew leases of one queue.

        Args:
            queue: its name.
            leases: those of this worker.
            may_be_lost: adopt leases that the queue does not know: the server lost data.
                Otherwise only those are adopted that have no known holder.

        Raises:
            EngineUnavailableError: nothing is known; the tasks go on.
        """
        try:
            return self._renew_in(self._epoch(queue), queue, leases, may_be_lost=may_be_lost)
        except EngineUnavailableError as error:
            if not is_epoch_error(error):
                raise
        self._epochs.pop(queue, None)
        return self._renew_in(self._epoch(queue), queue, leases, may_be_lost=may_be_lost)

    def _epoch(self, queue: str) -> str:
        if queue not in self._epochs:
            with translated(f"read the epoch of queue {queue!r}"):
                found: Any = self._client.get(QueueKeys.of(self._namespace, queue).epoch)
            self._epochs[queue] = known_epoch(queue, found)
        return self._epochs[queue]

    def _renew_in(
        self, epoch: str, queue: str, leases: Sequence[Lease], *, may_be_lost: bool
    ) -> Beat:
        in_epoch, adopted = self._adopted.get(queue, ("", frozenset()))
        if in_epoch != epoch:
            adopted = frozenset()
        arguments: list[Any] = [epoch, self._lease_ms, "", self._worker]
        named = [(lease.member.encode(), lease) for lease in leases]
        for name, lease in named:
            unknown = lease.epoch != epoch and lease.token not in adopted
            flag = int(may_be_lost or unknown)
            arguments += (name, lease.token, lease.score, flag)
        with translated(f"renew leases of queue {queue!r}"):
            answer: Any = self._renew(keys=QueueKeys.of(self._namespace, queue), args=arguments)
        refused, wanted = set(answer[0]), set(answer[1])
        self._adopted[queue] = (
            epoch,
            frozenset(
                lease.token for name, lease in named if lease.epoch != epoch and name not in refused
            ),
        )
        return Beat(
            lost=[lease for name, lease in named if name in refused],
            cancelled=[lease for name, lease in named if name in wanted],
            waiting=int(answer[2]),
        )

    def renew_grants(
        self, provider: str, grants: Sequence[Grant], *, put_back: bool = False
    ) -> list[Grant]:
        """Renew grants of one provider; returns those that are not there.

        They were given back meanwhile, or the server lost them: then ``put_back`` puts them back.

        Raises:
            EngineUnavailableError: nothing is known; the tasks go on.
        """
        arguments: list[Any] = [self._lease_ms, int(put_back), *(each.id for each in grants)]
        with translated(f"renew grants of provider {provider!r}"):
            answer: Any = self._renew_grants(
                keys=ProviderKeys.of(self._namespace, provider), args=arguments
            )
        missing = set(answer)
        return [each for each in grants if each.id in missing]

    def drop_grants(self, provider: str, grants: Sequence[Grant]) -> None:
        """Forget grants of one provider.

        Raises:
            EngineUnavailableError: they run out.
        """
        with translated(f"drop grants of provider {provider!r}"):
            keys = ProviderKeys.of(self._namespace, provider)
            self._client.zrem(keys.grants, *(each.id for each in grants))

    def leave(self, queues: Sequence[str]) -> None:
        """Say that this worker serves ``queues`` no longer; if it cannot, it is thought dead soon.

        Raises:
            EngineUnavailableError: nobody was told.
        """
        for queue in queues:
            with translated(f"leave queue {queue!r}"):
                self._client.zrem(QueueKeys.of(self._namespace, queue).workers, self._worker)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _run_id(client: Redis) -> str:
    info: Any = client.info("server")
    return str(info["run_id"])
