"""The newest events of a stream, in memory: what it has, it has without a gap."""

from collections.abc import Sequence

import pytest

from penstock.events import BEGINNING, Event, Page, Position, Tail


def event(number: int, *, at: int | None = None, size: int = 10) -> Event:
    return Event(Position(at or number + 1, 0), "delta", b"x" * size, number)


def page(numbers: Sequence[int], *, has_all: bool = True) -> Page:
    return Page([event(each) for each in numbers], has_all=has_all, is_last=True)


def seen(tail: Tail, place: int | None) -> list[int | None] | None:
    assert place is not None
    events = tail.events_from(place)
    return None if events is None else [each.number for each in events]


def test_whoever_begins_gets_it_all_and_whoever_comes_back_the_rest() -> None:
    tail = Tail()
    assert tail.place_of(BEGINNING) is None
    assert tail.take(page([0, 1, 2]))

    assert seen(tail, tail.place_of(BEGINNING)) == [0, 1, 2]
    assert seen(tail, tail.place_of(Position(2, 0))) == [2]
    assert tail.place_of(Position(2, 5)) is None

    place = tail.end
    assert not tail.take(page([]))
    assert tail.take(page([3]))
    assert seen(tail, place) == [3]


def test_of_a_stream_that_is_longer_than_what_was_read_the_beginning_is_not_claimed() -> None:
    tail = Tail()
    tail.take(page([7, 8, 9], has_all=False))

    assert tail.place_of(BEGINNING) is None
    assert tail.place_behind(BEGINNING) is None
    # The first one that was read is where it begins.
    assert seen(tail, tail.place_of(Position(8, 0))) == [8, 9]
    assert seen(tail, tail.place_behind(Position(9, 0))) == [9]


@pytest.mark.parametrize("size", [10, 10_000])
def test_it_is_bounded_by_number_and_by_bytes(size: int) -> None:
    tail = Tail()
    place = None
    for number in range(3000):
        tail.take(Page([event(number, size=size)], has_all=True, is_last=True))
        place = tail.start if place is None else place

    assert tail.end == 3000
    kept = tail.events_from(tail.start)
    assert kept is not None
    assert len(kept) <= 2048
    assert sum(len(each.data) for each in kept) <= 256 * 1024
    assert seen(tail, place) is None
    assert tail.place_behind(Position(1, 0)) is None
    assert seen(tail, tail.place_behind(Position(2998, 0))) == [2998, 2999]


def test_a_gap_stands_where_events_were_trimmed_before_they_were_read() -> None:
    tail = Tail()
    tail.take(page([0]))
    tail.take(page([5], has_all=False))

    events = tail.events_from(tail.start)
    assert events is not None
    assert [each.kind for each in events] == ["delta", "gap", "delta"]


def test_a_stream_that_expired_or_was_wiped_is_no_gap_if_the_next_one_goes_on() -> None:
    tail = Tail()
    tail.take(page([0, 1]))

    assert not tail.take(page([], has_all=False))
    assert tail.position == BEGINNING
    tail.take(page([2], has_all=False))

    assert seen(tail, tail.start) == [0, 1, 2]


@pytest.mark.parametrize("text", ["", "1", "1-", "-1", "1-2-3", "a-b", "1" * 20 + "-0", "\u0661-0"])
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="the id of an event"):
        Position.parse(text)


def test_a_position_is_written_as_redis_writes_it() -> None:
    assert str(Position.parse("1764129600000-12")) == "1764129600000-12"
