"""A worker process: runs the tasks of some queues until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from taskiq import TaskiqMiddleware

from penstock.broker import (
    Broker,
    Consumer,
    LeaseTable,
    OutcomeWriter,
    ProgressWriter,
    Receiver,
    Services,
)
from penstock.declarations import PenstockError, Queue
from penstock.engine import Heartbeat, Lease
from penstock.plugins import Catalogue
from penstock.processes.pool import ProcessPool
from penstock.worker.heartbeat_thread import HeartbeatThread

_CLOSE_PATIENCE = 10.0
_log = logging.getLogger("penstock.worker")


class UnknownQueueError(PenstockError, LookupError):
    """A worker was told to serve a queue that no loaded plugin declares."""


class Worker:
    """Consumers, receivers and the heartbeat of one process.

    Args:
        services: the opened application's.
        queues: which queues to serve; all of the catalogue's if empty.
        name: tells this process from others in the ledger and in Redis.
        drain: how long :meth:`run` waits for running tasks when it is told to stop; what still
            runs then is cancelled and handed back.

    Raises:
        UnknownQueueError: naming the queues there are.
    """

    def __init__(
        self, services: Services, *, queues: Sequence[str], name: str, drain: timedelta
    ) -> None:
        catalogue, engine = services.catalogue, services.engine
        served = [_find(catalogue, each) for each in queues] or list(catalogue.queues.values())
        self._services = services
        self._name = name
        self._drain = drain.total_seconds()
        self._leases = LeaseTable()
        self._outcomes = OutcomeWriter(services.ledger)
        self._progress = ProgressWriter(services.ledger)
        self._processes = ProcessPool()
        self._receivers = {queue.name: self._receiver(queue) for queue in served}
        self._heartbeat = HeartbeatThread(
            Heartbeat(
                engine.redis_url, namespace=engine.namespace, lease=engine.lease, worker=name
            ),
            leases=self._leases,
            queues=list(self._receivers),
            lease=engine.lease,
            lost=self._lose,
            deadlines=self._processes.deadlines,
        )

    def _receiver(self, queue: Queue) -> Receiver:
        """A receiver with its own broker and consumer, so that each queue has slots of its own."""
        services = self._services
        consumer = Consumer(
            queue,
            task_types=services.catalogue.task_types.keys(),
            engine=services.engine,
            ledger=services.ledger,
            outcome_writer=self._outcomes,
            leases=self._leases,
            worker=self._name,
        )
        broker = Broker(catalogue=services.catalogue, dispatch=services.dispatch, consumer=consumer)
        broker.is_worker_process = True
        broker.with_result_backend(services.result_backend)
        return Receiver(
            broker,
            ledger=services.ledger,
            artifacts=services.artifacts,
            progress=self._progress,
            processes=self._processes,
            settings=services.plugin_settings,
            drain=self._drain,
        )

    def add_middlewares(self, *middlewares: TaskiqMiddleware) -> None:
        """Add taskiq middlewares to every queue; call it before :meth:`run`."""
        for receiver in self._receivers.values():
            receiver.broker.add_middlewares(*middlewares)

    async def run(self, stop: asyncio.Event) -> None:
        """Run tasks until ``stop`` is set, then drain.

        On return every outcome is committed, and every lease is settled or about to expire.
        """
        receivers = list(self._receivers.values())
        self._heartbeat.start()
        for receiver in receivers:
            await receiver.broker.startup()
            receiver.consumer.start()
        for name, receiver in self._receivers.items():
            _log.info("serving queue %r, %d at once", name, receiver.consumer.queue.concurrency)
        listening = [
            asyncio.create_task(each.listen(stop), name=f"receiver-{name}")
            for name, each in self._receivers.items()
        ]
        watch = asyncio.create_task(stop.wait())
        claiming = [each.consumer.claiming for each in receivers]
        # One that ends before it is told to has failed. A worker that looks alive and takes nothing
        # is worse than one that exits and is started again.
        await asyncio.wait({watch, *listening, *claiming}, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        _log.info("stopping: waiting up to %.0f s for running tasks", self._drain)
        for receiver in receivers:
            await receiver.consumer.drain()
        results = await asyncio.gather(*listening, return_exceptions=True)
        results += [each.exception() for each in claiming if each.done() and not each.cancelled()]
        for receiver in receivers:
            receiver.consumer.interrupt()
        for receiver in receivers:
            await receiver.consumer.close(patience=_CLOSE_PATIENCE)
        await self._processes.close()
        await self._progress.close()
        await self._outcomes.close()
        await self._heartbeat.stop()
        for receiver in receivers:
            await receiver.broker.shutdown()
        for result in results:
            if isinstance(result, BaseException):
                raise result

    def _lose(self, lease: Lease) -> None:
        self._receivers[lease.queue].consumer.lose(lease)


def _find(catalogue: Catalogue, name: str) -> Queue:
    try:
        return catalogue.queues[name]
    except KeyError:
        known = ", ".join(sorted(catalogue.queues)) or "none"
        message = f"no loaded plugin declares a queue {name!r}; there are: {known}"
        raise UnknownQueueError(message) from None
