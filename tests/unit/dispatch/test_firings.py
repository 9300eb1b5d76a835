"""Which instants make a task after an outage, and under which id."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from penstock.declarations import Recurrence
from penstock.dispatch.firings import Plan, plan, task_id_of

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
HOURLY = Recurrence(cron="0 * * * *")
EACH_MINUTE = Recurrence(every=MINUTE)
SCHEDULE = UUID("01936f2e-0000-7000-8000-000000000001")


def planned(recurrence=EACH_MINUTE, *, since=NOON, now, misfire="skip", grace=MINUTE, limit=100):
    return plan(recurrence, next_run_at=since, now=now, misfire=misfire, grace=grace, limit=limit)


def test_an_instant_in_time_makes_one_task():
    assert planned(now=NOON) == Plan([NOON], NOON + MINUTE, None)


def test_what_is_late_within_the_grace_makes_a_task_each():
    found = planned(now=NOON + 3 * MINUTE, grace=3 * MINUTE)

    assert found.instants == [NOON + each * MINUTE for each in range(4)]
    assert found.next_run_at == NOON + 4 * MINUTE
    assert found.missed is None


def test_older_instants_are_skipped_and_the_grace_still_counts():
    found = planned(now=NOON + 10 * MINUTE, grace=2 * MINUTE)

    assert found.instants == [NOON + each * MINUTE for each in (8, 9, 10)]
    assert found.missed == NOON


def test_a_skipped_schedule_goes_on_in_the_future():
    now = NOON + timedelta(hours=5, minutes=30)

    assert planned(HOURLY, now=now) == Plan([], NOON + timedelta(hours=6), NOON)


def test_run_once_makes_one_task_of_all_that_was_missed():
    now = NOON + timedelta(hours=5, minutes=30)

    found = planned(HOURLY, now=now, misfire="run_once")

    assert found == Plan([NOON], NOON + timedelta(hours=6), NOON)


def test_run_once_makes_one_more_for_each_within_the_grace():
    found = planned(now=NOON + 10 * MINUTE, grace=MINUTE, misfire="run_once")

    assert found.instants == [NOON, NOON + 9 * MINUTE, NOON + 10 * MINUTE]


def test_without_any_grace_only_the_instant_itself_counts():
    assert planned(now=NOON, grace=timedelta(0)).instants == [NOON]
    assert planned(now=NOON + MINUTE / 2, grace=timedelta(0)).instants == []


def test_no_more_than_the_limit_at_once_and_none_is_left_out():
    first = planned(now=NOON + 9 * MINUTE, grace=10 * MINUTE, limit=4)
    second = planned(since=first.next_run_at, now=NOON + 9 * MINUTE, grace=10 * MINUTE)

    assert len(first.instants) == 4
    assert [*first.instants, *second.instants] == [NOON + each * MINUTE for each in range(10)]


def test_the_id_of_an_instant_is_the_same_everywhere_and_says_when():
    found = task_id_of(SCHEDULE, NOON)

    assert found == task_id_of(SCHEDULE, NOON.astimezone())
    assert (found.version, found.variant) == (7, "specified in RFC 4122")
    assert found.int >> 80 == int(NOON.timestamp() * 1000)


def test_no_two_instants_or_schedules_share_an_id():
    instants = [NOON + timedelta(microseconds=each) for each in range(1000)]
    ids = {task_id_of(SCHEDULE, each) for each in instants}
    others = {task_id_of(UUID(int=SCHEDULE.int + 1), each) for each in instants}

    assert len(ids | others) == 2000
