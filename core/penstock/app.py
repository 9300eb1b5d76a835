"""The application object: everything that a process needs, built from its settings.

Nothing lives at module level, so a test can build two of them side by side.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from penstock import embedded
from penstock.configuration import configured, installation_values, policies
from penstock.declarations.secret import secrets_of
from penstock.dispatch import (
    AbandonedBatches,
    ArtifactStore,
    Dispatch,
    EventHub,
    PolicyControl,
    PolicyWatch,
    Pruner,
    QueueControl,
    Reconciler,
    Retention,
    ScheduleControl,
    Scheduler,
)
from penstock.engine import Engine, RedisServers
from penstock.events import EventStreams
from penstock.ledger import Ledger, Ownership, Status, TaskLog
from penstock.ledger.schedules import Schedules
from penstock.plugins import Catalogue
from penstock.processes.size_limits import SizeLimits
from penstock.settings import Settings
from penstock.storage import ObjectStorage

if TYPE_CHECKING:
    from taskiq.abc.result_backend import AsyncResultBackend

    from penstock.broker import Broker
    from penstock.worker import Worker

# How many counters a queue has in the ledger; processes spread over them.
_SHARDS = 16


class Application:
    """Ledger, engine, dispatch and storage of one process; an asynchronous context manager.

    Raises:
        SettingsError: if the settings name no Redis and `penstock dev` runs none here, or if those
            of a plugin, a queue, a provider or a task type cannot be honoured.
        RedisUrlError: if it names files, certificates say, that cannot be read.
    """

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self.settings = settings
        # Unlike the process id, which is 1 in every container, it is never met again.
        self.name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
        """This process, told apart from all others."""
        said = configured(settings, catalogue)
        for each in said.plugin_settings.values():
            settings.mask.add(secrets_of(each))
        catalogue = replace(catalogue, settings=said.plugin_settings)
        self.servers = RedisServers(
            settings.redis_url or embedded.find(settings.data_dir) or settings.require_redis_url()
        )
        # Not by the process id, which is 1 in every container.
        self.ledger = Ledger(settings.database_url, shard=secrets.randbelow(_SHARDS))
        self.ownership = Ownership(self.ledger.database, namespace=settings.namespace)
        self.policies = policies(said, catalogue, self.ledger.database)
        self.catalogue = self.policies.catalogue
        """What is installed; the queues' present policies are known to :attr:`policies`."""
        self.engine = Engine(self.servers, namespace=settings.namespace, lease=settings.lease)
        self.artifacts = ArtifactStore(
            ledger=self.ledger, storage=ObjectStorage(settings.data_dir / "artifacts")
        )
        self.dispatch = Dispatch(
            policies=self.policies,
            ledger=self.ledger,
            engine=self.engine,
            max_input_bytes=settings.max_input_bytes,
            idempotency_ttl=settings.idempotency_ttl,
        )
        self.queue_control = QueueControl(
            policies=self.policies,
            ledger=self.ledger,
            engine=self.engine,
            stops=self.dispatch.stops,
        )
        self.policy_control = PolicyControl(
            policies=self.policies,
            engine=self.engine,
            installation=installation_values(settings),
        )
        schedules = Schedules(self.ledger.database)
        self.schedule_control = ScheduleControl(
            schedules=schedules,
            dispatch=self.dispatch,
            policies=self.policies,
            engine=self.engine,
        )
        self._scheduler = Scheduler(
            schedules=schedules, dispatch=self.dispatch, policies=self.policies
        )
        self.task_log = TaskLog(self.ledger.database)
        self.events = EventStreams(
            self.servers, namespace=settings.namespace, keep=settings.events_ttl
        )
        self.hub = EventHub(
            ledger=self.ledger,
            engine=self.engine,
            streams=self.events,
            queues=list(catalogue.queues),
        )
        self._policy_watch = PolicyWatch(policies=self.policies, engine=self.engine)
        self._policy_watch.on_news(self._scheduler.look)
        self._reconciler = Reconciler(
            ledger=self.ledger,
            engine=self.engine,
            policies=self.policies,
            batches=self.dispatch.completion,
            queues=list(catalogue.queues),
            lease=settings.lease,
            ownership=self.ownership,
            process=self.name,
        )
        abandoned = AbandonedBatches(
            self.ledger, completion=self.dispatch.completion, after=settings.seal_batches_after
        )
        self._pruner = Pruner(
            ledger=self.ledger,
            retention=retention(settings, ledger=self.ledger, artifacts=self.artifacts),
            process=self.name,
            sweeps=(
                self.ledger.keyed.forget_expired,
                abandoned.seal,
                self.ledger.batches.forget_ended,
            ),
        )

    async def __aenter__(self) -> Self:
        """Begin the work in the background."""
        self._policy_watch.start()
        self._reconciler.start()
        self._pruner.start()
        self._scheduler.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it, and close all connections."""
        await self.close()

    async def close(self) -> None:
        """Close all connections; for those who only submit and look, and entered no context."""
        async with AsyncExitStack() as stack:
            # In the opposite order; one that fails keeps no other from being closed.
            for close in (
                self.ledger.close,
                self.engine.close,
                self.events.close,
                self.dispatch.close,
                self.hub.close,
            ):
                stack.push_async_callback(close)
            await self._policy_watch.stop()
            await self._scheduler.stop()
            await self._reconciler.stop()
            await self._pruner.stop()

    def broker(self) -> Broker:
        """A taskiq broker for submitting tasks; call its ``startup`` and ``shutdown``."""
        # The API and most application code do without taskiq, which takes a while to import.
        from penstock.broker import Broker

        broker = Broker(catalogue=self.catalogue, dispatch=self.dispatch)
        broker.with_result_backend(self._result_backend())
        return broker

    def worker(self, queues: Sequence[str] = ()) -> Worker:
        """A worker for ``queues``, or for all.

        Raises:
            UnknownQueueError: with the nearest name.
        """
        from penstock.broker import LogLimits, Services
        from penstock.worker import Worker

        services = Services(
            catalogue=self.catalogue,
            policies=self.policies,
            ledger=self.ledger,
            engine=self.engine,
            dispatch=self.dispatch,
            artifacts=self.artifacts,
            result_backend=self._result_backend(),
            limits=SizeLimits(
                result=self.settings.max_result_bytes,
                checkpoint=self.settings.max_checkpoint_bytes,
                progress_message=self.settings.max_progress_message_bytes,
                log_line=self.settings.max_log_line_bytes,
            ),
            events=self.events,
            task_log=self.task_log,
            log_limits=LogLimits(
                level=logging.getLevelNamesMapping()[self.settings.task_log_level.upper()],
                lines=self.settings.max_task_log_lines,
                bytes=self.settings.max_task_log_bytes,
            ),
            mask=self.settings.mask,
        )
        return Worker(
            services,
            queues=queues,
            name=self.name,
            drain=self.settings.drain,
            probe=self.settings.probe_address,
        )

    def _result_backend(self) -> AsyncResultBackend[Any]:
        from penstock.broker import result_backend

        return result_backend(
            self.servers, namespace=self.settings.namespace, keep=self.settings.result_ttl
        )


def retention(settings: Settings, *, ledger: Ledger, artifacts: ArtifactStore) -> Retention:
    """What removes old tasks, as the settings say.

    No task goes before a key that stands for it: whoever repeats the request would have it twice.
    """
    said = {
        Status.SUCCESS: settings.keep_success,
        Status.FAILED: settings.keep_failed,
        Status.CANCELLED: settings.keep_cancelled,
    }
    keep = {
        status: None if time is None else max(time, settings.idempotency_ttl)
        for status, time in said.items()
    }
    return Retention(ledger=ledger, artifacts=artifacts, keep=keep)
