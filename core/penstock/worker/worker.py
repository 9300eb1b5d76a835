"""A worker process: runs the tasks of some queues until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from taskiq import TaskiqMiddleware

from penstock import background
from penstock.broker import (
    Broker,
    Consumer,
    LeaseTable,
    OutcomeWriter,
    Providers,
    Receiver,
    Reports,
    Services,
)
from penstock.declarations import PenstockError, Queue
from penstock.engine import Engine, Heartbeat, Lease
from penstock.events import EventWriter
from penstock.plugins import Catalogue
from penstock.processes.pool import ProcessPool
from penstock.worker.extensions import Extensions
from penstock.worker.health import WorkerHealth
from penstock.worker.heartbeat_thread import HeartbeatThread
from penstock.worker.notice_listener import NoticeListener
from penstock.worker.probe_server import ProbeServer
from penstock.worker.watchdog import Watchdog

_CLOSE_PATIENCE = 10.0
_LAST_PATIENCE = 1.0
_log = logging.getLogger("penstock.worker")


class StuckError(PenstockError):
    """A worker asks for no work though there is some, and restarting its consumer did not help."""


class Worker:
    """Consumers, receivers and the heartbeat of one process.

    Args:
        services: the opened application's.
        queues: which queues to serve; all of the catalogue's if empty. One of a plugin that did not
            load is not served, and the worker is not ready.
        name: tells this process from others in the ledger and in Redis.
        drain: how long :meth:`run` waits for running tasks when it is told to stop; what still
            runs then is cancelled and handed back.
        probe: the address at which an orchestrator may ask whether this worker lives, if any.

    Raises:
        OSError: nobody can listen at ``probe``.
        UnknownQueueError: with the nearest name.
    """

    def __init__(
        self,
        services: Services,
        *,
        queues: Sequence[str],
        name: str,
        drain: timedelta,
        probe: tuple[str, int] | None = None,
    ) -> None:
        catalogue, engine = services.catalogue, services.engine
        served, missing = _assignment(catalogue, queues)
        self._services = services
        self._name = name
        self._drain = drain.total_seconds()
        self._leases = LeaseTable()
        self._reports = Reports(
            ledger=services.ledger,
            task_log=services.task_log,
            events=EventWriter(services.events, announce=_announcing(engine)),
            limits=services.limits,
            log_limits=services.log_limits,
            mask=services.mask,
        )
        self._extensions = Extensions(catalogue.plugins, catalogue.installed, mask=services.mask)
        self._outcomes = OutcomeWriter(
            services.ledger,
            batch_changed=services.dispatch.completion.look,
            said=self._reports,
        )
        self._processes = ProcessPool(services.limits, task_log_level=services.log_limits.level)
        self._providers = Providers(services.policies, engine)
        consumers = {queue.name: self._consumer(queue.name) for queue in served}
        self._consumers = consumers
        self._receivers = {name: self._receiver(each) for name, each in consumers.items()}
        loop = asyncio.get_running_loop()
        self._stuck: asyncio.Future[None] = loop.create_future()
        self._watchdog = Watchdog(
            consumers,
            patience=2 * engine.lease,
            restart=lambda queue: loop.call_soon_threadsafe(self._restart, queue),
            give_up=lambda queue: loop.call_soon_threadsafe(self._give_up, queue),
            call_loop=loop.call_soon_threadsafe,
            loop_thread=threading.get_ident(),
        )
        self._heartbeat = HeartbeatThread(
            Heartbeat(engine.servers, namespace=engine.namespace, lease=engine.lease, worker=name),
            leases=self._leases,
            grants=self._providers.grants,
            queues=list(self._receivers),
            lease=engine.lease,
            lost=self._lose,
            cancelled=self._cancel,
            watchdog=self._watchdog,
            deadlines=self._processes.deadlines,
        )
        self._notices = NoticeListener(engine, consumers=consumers)
        self._health = WorkerHealth(
            watchdog=self._watchdog,
            heartbeat=self._heartbeat,
            consumers=consumers,
            lease=engine.lease,
        )
        self._health.missing += missing
        self._probes = (
            ProbeServer(*probe, live=self._health.fatal, ready=self._health.wrong)
            if probe is not None
            else None
        )
        self._steps: set[asyncio.Task[None]] = set()
        self._leave_policies = services.policies.on_change(self._policies_changed)

    def _consumer(self, queue: str) -> Consumer:
        services = self._services
        return Consumer(
            queue,
            policies=services.policies,
            engine=services.engine,
            ledger=services.ledger,
            outcome_writer=self._outcomes,
            leases=self._leases,
            providers=self._providers,
            worker=self._name,
            told=self._extensions.told,
        )

    def _receiver(self, consumer: Consumer) -> Receiver:
        """A receiver with its own broker and consumer, so that each queue has slots of its own."""
        services = self._services
        broker = Broker(catalogue=services.catalogue, dispatch=services.dispatch, consumer=consumer)
        broker.is_worker_process = True
        broker.with_result_backend(services.result_backend)
        return Receiver(
            broker,
            ledger=services.ledger,
            artifacts=services.artifacts,
            reports=self._reports,
            processes=self._processes,
            limits=services.limits,
            drain=self._drain,
            mask=services.mask,
        )

    def add_middlewares(self, *middlewares: TaskiqMiddleware) -> None:
        """Add taskiq middlewares to every queue; call it before :meth:`run`."""
        for receiver in self._receivers.values():
            receiver.broker.add_middlewares(*middlewares)

    async def run(self, stop: asyncio.Event) -> None:
        """Run tasks until ``stop`` is set, then drain.

        On return every outcome is committed, and every lease is settled or about to expire.
        """
        watch = asyncio.create_task(stop.wait())
        listening = await self._start(stop)
        claiming = [each.ended for each in self._consumers.values()]
        # One that ends before it is told to has failed. A worker that looks alive and takes nothing
        # is worse than one that exits and is started again.
        ends: set[asyncio.Future[Any]] = {watch, self._stuck, *listening, *claiming}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        faults = await self._stop(listening)
        for end in (self._stuck, *claiming):
            if end.done() and not end.cancelled():
                faults.append(end.exception())
        for fault in faults:
            if fault is not None:
                raise fault

    async def _start(self, stop: asyncio.Event) -> list[asyncio.Task[None]]:
        """Begin to serve; returns the receivers' tasks."""
        if self._probes is not None:
            self._probes.start()
        self._heartbeat.start()
        self._notices.start()
        await self._start_extensions()
        for name, receiver in self._receivers.items():
            await receiver.broker.startup()
            receiver.broker.share_middlewares(self._extensions.middlewares)
            self._consumers[name].start()
            _log.info("serving queue %r, %d at once", name, receiver.consumer.queue.concurrency)
        return [
            asyncio.create_task(each.listen(stop), name=f"receiver-{name}")
            for name, each in self._receivers.items()
        ]

    async def _start_extensions(self) -> None:
        """Start what plugins add; a plugin of which that fails gets no tasks."""
        failed = await self._extensions.start()
        self._health.missing += map(_quarantined, failed)
        for plugin in self._services.catalogue.plugins:
            for queue in plugin.queues:
                if plugin.name in failed and queue.name in self._consumers:
                    self._consumers[queue.name].withhold(_quarantined(plugin.name))

    async def _stop(self, listening: Sequence[asyncio.Task[None]]) -> list[BaseException | None]:
        """Drain, and close everything; returns what broke the receivers."""
        self._health.is_stopping = True
        _log.info("stopping: waiting up to %.0f s for running tasks", self._drain)
        consumers = list(self._consumers.values())
        for each in consumers:
            await each.drain()
        faults = await asyncio.gather(*listening, return_exceptions=True)
        for each in consumers:
            each.interrupt()
        await asyncio.gather(*(each.close(patience=_CLOSE_PATIENCE) for each in consumers))
        await self._notices.stop()
        self._leave_policies()
        await background.end(*self._steps)
        await self._processes.close()
        await self._reports.close()
        # The consumers have waited for it already, unless the database is away.
        await self._outcomes.close(patience=_LAST_PATIENCE)
        await self._providers.stop(patience=_LAST_PATIENCE)
        await self._heartbeat.stop()
        if self._probes is not None:
            await asyncio.to_thread(self._probes.stop)
        for receiver in self._receivers.values():
            await receiver.broker.shutdown()
        await self._extensions.stop()
        return faults

    def _policies_changed(self) -> None:
        for each in self._consumers.values():
            each.policy_changed()
        self._begin(self._providers.policies_changed(list(self._consumers)))

    def _cancel(self, queue: str, leases: Sequence[Lease]) -> None:
        consumer = self._consumers[queue]
        self._begin(consumer.cancel([lease.id for lease in leases]))

    def _restart(self, queue: str) -> None:
        self._begin(self._consumers[queue].restart())

    def _begin(self, step: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(step)
        self._steps.add(task)
        task.add_done_callback(self._steps.discard)

    def _give_up(self, queue: str) -> None:
        message = f"the consumer of queue {queue!r} is stuck; start this worker anew"
        if not self._stuck.done():
            self._stuck.set_exception(StuckError(message))

    def _lose(self, lease: Lease) -> None:
        self._consumers[lease.queue].lose(lease)


def _assignment(
    catalogue: Catalogue, queues: Sequence[str]
) -> tuple[Sequence[Queue], Sequence[str]]:
    """The queues to serve, and which others of ``queues`` cannot be; the log says why.

    Raises:
        UnknownQueueError: with the nearest name.
    """
    if not queues:
        missing = [_quarantined(each.name) for each in catalogue.quarantined]
        return list(catalogue.queues.values()), missing
    served: list[Queue] = []
    missing = []
    for name in queues:
        absence = None if name in catalogue.queues else catalogue.absence(name)
        if absence is None:
            served.append(catalogue.queue(name))
        else:
            missing.append(f"queue {name!r} is not served; the log says why")
            _log.error("queue %r is not served: %s", name, absence)
    return served, missing


def _quarantined(plugin: str) -> str:
    """For a probe, which anybody may ask: why, may quote addresses and user names."""
    return f"plugin {plugin!r} is quarantined; the log says why"


def _announcing(engine: Engine) -> Callable[[str, Sequence[UUID]], Awaitable[None]]:
    return lambda queue, ids: engine.announce(queue, ids, "events")
