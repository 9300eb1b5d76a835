"""Many small writes, few transactions: who waits for whom, and whose fault is whose."""

import asyncio
from collections.abc import Sequence

import pytest

from penstock.ledger import LedgerUnavailableError
from penstock.ledger.group_commit import GroupCommit


class Book:
    """Writes down batches of numbers, each when it is let through; refuses negative ones."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.began = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        self.away = False

    async def write(self, numbers: Sequence[int]) -> list[str]:
        self.batches.append(list(numbers))
        self.began.set()
        await self.open.wait()
        if self.away:
            raise LedgerUnavailableError("away")
        for number in numbers:
            if number < 0:
                raise ValueError(f"{number} is negative")
        return [str(number) for number in numbers]


@pytest.fixture
def book() -> Book:
    return Book()


async def test_what_comes_while_a_batch_is_written_makes_the_next_one(book: Book) -> None:
    commits = GroupCommit(book.write)
    book.open.clear()
    first = asyncio.create_task(commits.add(0))
    await book.began.wait()
    rest = [asyncio.create_task(commits.add(number)) for number in range(1, 50)]
    await asyncio.sleep(0)
    book.open.set()

    assert await asyncio.gather(first, *rest) == [str(number) for number in range(50)]
    assert book.batches == [[0], list(range(1, 50))]


async def test_no_batch_is_larger_than_the_largest(book: Book) -> None:
    commits = GroupCommit(book.write, max_batch=4)

    await asyncio.gather(*(commits.add(number) for number in range(10)))

    assert [len(batch) for batch in book.batches] == [4, 4, 2]


async def test_every_bad_item_fails_alone_and_with_its_own_error(book: Book) -> None:
    commits = GroupCommit(book.write)
    bad = {3, 4, 77}

    answers = await asyncio.gather(
        *(commits.add(-number if number in bad else number) for number in range(100)),
        return_exceptions=True,
    )

    for number, answer in enumerate(answers):
        if number in bad:
            assert isinstance(answer, ValueError)
            assert str(answer) == f"-{number} is negative"
        else:
            assert answer == str(number)
    assert await commits.add(5) == "5"


async def test_a_ledger_that_is_away_is_not_asked_once_per_item(book: Book) -> None:
    commits = GroupCommit(book.write)
    book.away = True

    answers = await asyncio.gather(
        *(commits.add(number) for number in range(100)), return_exceptions=True
    )

    assert all(isinstance(each, LedgerUnavailableError) for each in answers)
    assert len(book.batches) == 1


async def test_nobody_is_left_waiting_when_the_loop_closes(book: Book) -> None:
    commits = GroupCommit(book.write, max_batch=2)
    book.open.clear()
    callers = [asyncio.create_task(commits.add(number)) for number in range(5)]
    await book.began.wait()
    for writer in commits._writers:
        assert writer.task is not None
        writer.task.cancel()

    async with asyncio.timeout(1):
        answers = await asyncio.gather(*callers, return_exceptions=True)

    assert all(isinstance(each, asyncio.CancelledError) for each in answers)


async def test_closing_waits_for_what_was_added(book: Book) -> None:
    commits = GroupCommit(book.write)
    caller = asyncio.create_task(commits.add(1))
    await asyncio.sleep(0)

    await commits.close()

    assert book.batches == [[1]]
    assert await caller == "1"


async def test_two_writers_share_what_many_callers_bring(book: Book) -> None:
    commits = GroupCommit(book.write, writers=2)
    book.open.clear()
    callers = [asyncio.create_task(commits.add(number)) for number in range(64)]
    await book.began.wait()
    await asyncio.sleep(0)

    assert book.batches == [list(range(32)), list(range(32, 64))]
    assert commits.size == 64
    book.open.set()
    await commits.close()
    assert [each.result() for each in callers] == [str(number) for number in range(64)]
    assert commits.size == 0


async def test_a_few_callers_wait_for_the_batch_under_way_rather_than_make_small_ones(
    book: Book,
) -> None:
    commits = GroupCommit(book.write, writers=2)
    book.open.clear()
    first = asyncio.create_task(commits.add(0))
    await book.began.wait()
    rest = [asyncio.create_task(commits.add(number)) for number in range(1, 16)]
    for _ in range(5):
        await asyncio.sleep(0)

    assert book.batches == [[0]]
    more = asyncio.create_task(commits.add(16))
    for _ in range(5):
        await asyncio.sleep(0)
    assert book.batches == [[0], list(range(1, 17))]
    book.open.set()
    await asyncio.gather(first, *rest, more)
