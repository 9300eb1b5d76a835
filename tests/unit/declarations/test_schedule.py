"""What a schedule may say, and its instants when clocks change."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import Struct

from penstock import DeclarationError, Queue, Schedule, task
from penstock.declarations import Recurrence

ZURICH = ZoneInfo("Europe/Zurich")
# Clocks go from 02:00 to 03:00 on 29 March, and from 03:00 back to 02:00 on 25 October 2026.
SPRING, AUTUMN = datetime(2026, 3, 29, tzinfo=ZURICH), datetime(2026, 10, 25, tzinfo=ZURICH)
ACME = Queue("acme")


class Resize(Struct):
    width: int = 320


@task("acme.resize", queue=ACME)
async def resize(request: Resize) -> int:
    return request.width


def instants(recurrence, after, count):
    """As UTC and as the clock on the wall in Zurich shows them."""
    found = []
    for _ in range(count):
        after = recurrence.next_after(after)
        found.append(f"{after:%d %H:%M}Z {after.astimezone(ZURICH):%H:%M}")
    return found


def zurich(cron):
    return Recurrence(cron=cron, timezone="Europe/Zurich")


def test_a_fixed_time_that_is_left_out_in_spring_comes_at_the_end_of_the_gap():
    before = SPRING - timedelta(hours=1)

    assert instants(zurich("30 2 * * *"), before, 2) == ["29 01:00Z 03:00", "30 00:30Z 02:30"]


def test_a_fixed_time_that_comes_twice_in_autumn_counts_the_first_time():
    assert instants(zurich("30 2 * * *"), AUTUMN, 2) == ["25 00:30Z 02:30", "26 01:30Z 02:30"]


def test_one_that_is_made_in_the_second_of_two_equal_hours_begins_the_next_day():
    second_hour = datetime(2026, 10, 25, 2, 10, tzinfo=ZURICH, fold=1)

    assert instants(zurich("30 2 * * *"), second_hour, 1) == ["26 01:30Z 02:30"]


def test_a_quarter_of_an_hour_follows_the_wall_through_the_gap():
    before = datetime(2026, 3, 29, 1, 40, tzinfo=ZURICH)

    assert instants(zurich("*/15 * * * *"), before, 3) == [
        "29 00:45Z 01:45",
        "29 01:00Z 03:00",
        "29 01:15Z 03:15",
    ]


def test_a_quarter_of_an_hour_comes_twice_in_the_hour_that_does():
    before = datetime(2026, 10, 25, 2, 40, tzinfo=ZURICH)

    assert instants(zurich("*/15 * * * *"), before, 6) == [
        "25 00:45Z 02:45",
        "25 01:00Z 02:00",
        "25 01:15Z 02:15",
        "25 01:30Z 02:30",
        "25 01:45Z 02:45",
        "25 02:00Z 03:00",
    ]


@pytest.mark.parametrize("start", [SPRING, AUTUMN])
def test_an_interval_is_absolute_time(start):
    found, moment = Recurrence(every=timedelta(minutes=30), timezone="Europe/Zurich"), start
    before = start.astimezone(UTC)

    for number in range(1, 12):
        moment = found.next_after(moment)
        assert moment == before + number * timedelta(minutes=30)


def test_an_interval_falls_on_the_same_instants_wherever_it_is_asked():
    every = Recurrence(every=timedelta(minutes=10))

    for second in (0, 1, 599):
        asked = datetime(2026, 11, 26, 12, 0, second % 60, tzinfo=UTC) + timedelta(
            minutes=second // 60
        )
        assert every.next_after(asked) == datetime(2026, 11, 26, 12, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "recurrence", [Recurrence(cron="0 3 * * *"), Recurrence(every=timedelta(seconds=0.1))]
)
def test_the_next_instant_is_later_and_none_is_between(recurrence):
    moment = datetime(2026, 11, 26, 2, 59, 59, 123456, tzinfo=UTC)
    found = recurrence.next_after(moment)

    assert found > moment
    assert recurrence.next_from(found) == found
    assert recurrence.next_after(found - timedelta(microseconds=1)) == found


def test_what_is_declared_is_kept():
    found = Schedule("acme.nightly", task=resize, input=Resize(), cron="0 3 * * *")

    assert (found.task_type, found.input_text()) == ("acme.resize", '{"width":320}')
    assert found.misfire_grace == timedelta(seconds=60)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no recurrence": ({}, "expected one of cron and every, got neither"),
    "two": ({"cron": "0 3 * * *", "every": timedelta(1)}, "got both"),
    "four fields": ({"cron": "0 3 * *"}, "five fields"),
    "six fields": ({"cron": "0 0 3 * * *"}, "for seconds, give an interval"),
    "minute 61": ({"cron": "61 * * * *"}, "'61 \\* \\* \\* \\*': bad minute"),
    "30 February": ({"cron": "0 0 30 2 *"}, "bad day-of-month"),
    "never": ({"cron": "* * */20 * 1L"}, "which has none"),
    "no text": ({"cron": 5}, "got 5"),
    "no zone": ({"cron": "0 3 * * *", "timezone": "Mars/Base"}, "IANA time zone.*'Mars/Base'"),
    "a path": ({"cron": "0 3 * * *", "timezone": "../zone"}, "IANA time zone"),
    "too often": ({"every": timedelta(milliseconds=1)}, "from 0.1 s"),
    "seconds": ({"every": 5}, "got 5"),
    "misfire": ({"cron": "0 3 * * *", "misfire": "later"}, "'skip' or 'run_once', got 'later'"),
    "grace": ({"cron": "0 3 * * *", "misfire_grace": timedelta(-1)}, "misfire_grace"),
    "priority": ({"cron": "0 3 * * *", "priority": 5.5}, "priority of schedule"),
    "input": ({"cron": "0 3 * * *", "input": {"width": "x"}}, "fit task type 'acme.resize'"),
    "no JSON": ({"cron": "0 3 * * *", "input": object()}, "JSON form"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_honoured_is_refused(case):
    wrong, message = WRONG[case]
    with pytest.raises(DeclarationError, match=message):
        Schedule("acme.nightly", **{"task": resize, "input": Resize(), **wrong})


@pytest.mark.parametrize("name", ["", "Nightly", "acme nightly", "a" * 129, 5])
def test_a_name_that_no_url_takes_is_refused(name):
    with pytest.raises(DeclarationError, match="name of a schedule"):
        Schedule(name, task=resize, input=Resize(), cron="0 3 * * *")
