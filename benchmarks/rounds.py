"""One round of one peer: everything once, on empty servers."""

from __future__ import annotations

import time
from collections.abc import Mapping

from benchmarks.client import Client, Count, Enqueued, PeerError, Pickup
from benchmarks.measures import Phase, Watch
from benchmarks.options import Options
from benchmarks.peer import Peer
from benchmarks.results import Drain, Round
from benchmarks.services import Services
from benchmarks.worker import Workers

_LOOK = 0.005
_RARELY = 10
"""Looking takes at most about one part in so many of the time."""
_PATIENCE = 60.0
"""Seconds without a finished task, after which the rest is taken for lost."""


class RoundOfPeer:
    """What is done in each round, in the order of the methods.

    Raises (all of them):
        PeerError: a task was lost or failed, or a program did not do what it was asked.
    """

    def __init__(self, peer: Peer, services: Services, options: Options) -> None:
        self._peer = peer
        self._services = services
        self._options = options

    def measure(self) -> Round:
        """Everything once."""
        options = self._options
        callers, redis_bytes = self._enqueue_by_callers()
        drains = []
        pickups: list[Pickup] = []
        for number, backlog in options.drains(self._peer.name):
            environment = self._services.fresh()
            with self._client(environment) as client:
                drains.append(self._enqueue_and_drain(client, environment, backlog, number))
                if self._peer.pickups and not pickups:
                    pickups = self._pick_up(client, environment)
        return Round(callers=callers, redis_bytes=redis_bytes, drains=drains, pickups=pickups)

    def versions(self) -> dict[str, str]:
        """Of the peer's own libraries."""
        with self._client(self._services.fresh()) as client:
            return client.versions()

    def _enqueue_by_callers(self) -> tuple[Phase, float | None]:
        """How fast it was, and how many bytes of Redis a waiting task takes."""
        options = self._options
        environment = self._services.fresh()
        empty = self._services.redis_bytes()
        with self._client(environment) as client:
            client.prepare()
            client.enqueue_by_callers(options.warm_up, options.callers)
            watch = self._watch(client)
            enqueued = client.enqueue_by_callers(options.tasks, options.callers)
            phase = _enqueue_phase(options.tasks, enqueued, watch)
        full = self._services.redis_bytes()
        return phase, _per_task(empty, full, options.warm_up + options.tasks)

    def _enqueue_and_drain(
        self, client: Client, environment: Mapping[str, str], backlog: int, number: int
    ) -> Drain:
        warm_up = self._options.warm_up
        client.prepare()
        client.enqueue_bulk(warm_up)
        empty = self._services.redis_bytes()
        watch = self._watch(client)
        bulk = _enqueue_phase(backlog, client.enqueue_bulk(backlog), watch)
        full = self._services.redis_bytes()
        # A checkpoint of a million rows, and what Redis rewrites, are none of the drain's.
        self._services.settle()
        with self._workers(environment, number) as workers:
            tasks, seconds, cpu = self._drain(client, workers, min(backlog, self._options.tasks))
            counted = workers.stop()
        count = client.count()
        require_completed(
            self._peer, count, warm_up + backlog, whole=backlog <= self._options.tasks
        )
        counters = {name: value / count.completed for name, value in counted.items()}
        return Drain(
            backlog=backlog,
            workers=number,
            bulk=bulk,
            redis_bytes=_per_task(empty, full, backlog),
            phase=Phase(tasks=tasks, seconds=seconds, cpu_seconds=cpu, counters=counters),
        )

    def _drain(
        self, client: Client, workers: Workers, tasks: int
    ) -> tuple[int, float, dict[str, float]]:
        """How many tasks were done in how many seconds, with the CPU time of all processes.

        From the moment when the warm-up's tasks are seen to be done until all are: how long a
        worker takes to start is nobody's throughput.
        """
        warm_up = self._options.warm_up
        processes = {"worker": workers.processes, **self._services.processes}
        deadline = time.monotonic() + _PATIENCE
        begun, latest, watch = 0, 0, Watch(processes)
        while True:
            workers.check()
            before = time.perf_counter()
            done = client.done()
            if done >= warm_up + tasks:
                seconds, cpu = watch.stop()
                return done - begun, seconds, cpu
            if begun < warm_up:
                begun, watch = done, Watch(processes)
            if done > latest:
                latest, deadline = done, time.monotonic() + _PATIENCE
            if time.monotonic() > deadline:
                raise PeerError(
                    f"{self._peer.title} stands still: {done} of {warm_up + tasks} tasks are done."
                    f" The workers' logs:\n{workers.logs}"
                )
            time.sleep(max(_LOOK, _RARELY * (time.perf_counter() - before)))

    def _pick_up(self, client: Client, environment: Mapping[str, str]) -> list[Pickup]:
        self._services.settle()
        # With a worker of its own: what it counts for a single task would spoil the drain's.
        with self._workers(environment, 1) as workers:
            pickups = client.pick_up(self._options.pickups)
            workers.stop()
        return pickups

    def _client(self, environment: Mapping[str, str]) -> Client:
        log = self._services.folder / f"{self._peer.name}-client.log"
        return Client(self._peer, environment, log)

    def _workers(self, environment: Mapping[str, str], number: int) -> Workers:
        return Workers(self._peer, environment, self._services.folder, number=number)

    def _watch(self, client: Client) -> Watch:
        return Watch({"client": [client.process], **self._services.processes})


def _enqueue_phase(tasks: int, enqueued: Enqueued, watch: Watch) -> Phase:
    _, cpu = watch.stop()
    return Phase(
        tasks=tasks,
        seconds=enqueued.seconds,
        cpu_seconds=cpu,
        counters={name: value / tasks for name, value in enqueued.counters.items()},
    )


def _per_task(empty: int | None, full: int | None, tasks: int) -> float | None:
    return None if empty is None or full is None else (full - empty) / tasks


def require_completed(peer: Peer, count: Count, tasks: int, *, whole: bool) -> None:
    """Raises :class:`PeerError` unless all tasks are accounted for, and none failed."""
    lost = tasks - count.completed - count.failed - count.waiting
    if lost or count.failed or (whole and count.waiting):
        raise PeerError(
            f"expected {peer.title} to complete {tasks} tasks, got {count.completed}:"
            f" {count.failed} failed, {count.waiting} wait, {lost} are lost"
        )
