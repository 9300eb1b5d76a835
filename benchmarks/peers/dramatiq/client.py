"""Dramatiq's client."""

from __future__ import annotations

from collections.abc import Sequence

from dramatiq import Message
from dramatiq.results import ResultFailure, ResultMissing

from benchmarks.peers.dramatiq.actors import broker, noop, pickup
from benchmarks.peers.protocol import BlockingClient, Count, serve


class DramatiqClient(BlockingClient):
    distributions = ("dramatiq", "redis", "hiredis")

    async def prepare(self) -> None:
        self._waiting()

    async def enqueue_many(self, numbers: Sequence[int]) -> Sequence[Message]:
        return [noop.send(number) for number in numbers]

    def enqueue_blocking(self, number: int) -> Message:
        return noop.send(number)

    async def done(self) -> int:
        return len(self.tasks) - self._waiting()

    async def count(self) -> Count:
        completed = failed = 0
        for number, message in enumerate(self.tasks):
            try:
                completed += message.get_result() == {"number": number}
            except ResultMissing:
                pass
            except ResultFailure:
                failed += 1
        return Count(completed=completed, failed=failed, waiting=self._waiting())

    async def enqueue_pickup(self) -> Message:
        return pickup.send()

    async def started(self, task: Message) -> int | None:
        try:
            return task.get_result()["nanoseconds"]
        except ResultMissing:
            return None

    def _waiting(self) -> int:
        # What `Broker.join` asks; messages that are being processed are among them.
        return broker.do_qsize(noop.queue_name)


if __name__ == "__main__":
    serve(DramatiqClient())
