"""What every client in Python does alike."""

import pytest

from benchmarks.peers.protocol import BlockingClient, Client, Count, versions


class InMemory(Client):
    """A queue in a list, whose worker is as fast as its client."""

    def __init__(self):
        super().__init__()
        self.bulks = []

    async def prepare(self):
        pass

    async def enqueue_many(self, numbers):
        self.bulks.append(len(numbers))
        return list(numbers)

    async def enqueue(self, number):
        return number

    async def done(self):
        return len(self.tasks)

    async def count(self):
        return Count(completed=len(self.tasks), failed=0, waiting=0)

    async def enqueue_pickup(self):
        return 7

    async def started(self, task):
        return task

    def counters(self):
        return {"calls": len(self.tasks)}


class Blocking(InMemory, BlockingClient):
    enqueue = BlockingClient.enqueue
    enqueue_by_callers = BlockingClient.enqueue_by_callers

    def enqueue_blocking(self, number):
        return number


async def test_a_bulk_is_cut_into_thousands_and_goes_on_where_the_last_one_ended():
    client = InMemory()
    await client.answer({"do": "enqueue_bulk", "tasks": 10})

    answer = await client.answer({"do": "enqueue_bulk", "tasks": 2500})

    assert client.bulks == [10, 1000, 1000, 500]
    assert client.tasks == list(range(2510))
    assert answer["counters"] == {"calls": 2500}
    assert answer["seconds"] > 0


@pytest.mark.parametrize("kind", [InMemory, Blocking])
async def test_callers_enqueue_each_number_once_and_in_its_place(kind):
    client = kind()
    await client.answer({"do": "enqueue_bulk", "tasks": 3})

    await client.answer({"do": "enqueue_by_callers", "tasks": 100, "callers": 8})

    assert client.tasks == list(range(103))
    assert await client.answer({"do": "progress"}) == {"done": 103}


async def test_a_pickup_tells_when_it_was_called_accepted_and_started():
    (pickup,) = await InMemory().answer({"do": "pick_up", "times": 1})

    assert pickup["called"] <= pickup["returned"]
    assert pickup["started"] == 7


async def test_an_unknown_command_is_refused():
    with pytest.raises(ValueError, match=r"README\.md, got .*'dance'"):
        await InMemory().answer({"do": "dance"})


def test_versions_are_those_of_what_is_installed():
    assert set(versions(["pytest", "no-such-distribution"])) == {"Python", "pytest"}
