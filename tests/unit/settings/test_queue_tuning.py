from datetime import timedelta

import pytest

from penstock import RateLimit
from penstock.settings import QUEUES, Given, Settings, SettingsError
from tests.unit.settings.said import said_of

NAMES = ["ai", "video", "big-files"]
ABSENT = ["plugin 'broken' (penstock-broken 1)"]


def read(**variables):
    return values({f"PENSTOCK_QUEUE_{k}": v for k, v in variables.items()})


def values(variables, names=NAMES, **options):
    found = said_of(QUEUES, names, Given.of(variables), **options)
    return {
        name: {field: said.value for field, said in each.items()} for name, each in found.items()
    }


def test_what_nobody_says_is_not_there():
    assert read() == {}


def test_each_queue_is_tuned_by_its_name():
    assert read(AI_CONCURRENCY="8", VIDEO_MAX_ATTEMPTS="1", BIG_FILES_GLOBAL_CONCURRENCY="4") == {
        "ai": {"concurrency": 8},
        "video": {"max_attempts": 1},
        "big-files": {"global_concurrency": 4},
    }


@pytest.mark.parametrize(
    ("text", "limit", "period"),
    [
        ("10/1s", 10, timedelta(seconds=1)),
        ("100/1m", 100, timedelta(minutes=1)),
        ("5/500ms", 5, timedelta(milliseconds=500)),
        ("1/0.5h", 1, timedelta(minutes=30)),
    ],
)
def test_a_rate_limit_is_starts_per_time(text, limit, period):
    assert read(AI_RATE_LIMIT=text) == {"ai": {"rate_limit": RateLimit(limit=limit, period=period)}}


def test_users_have_weights():
    assert read(AI_USER_WEIGHTS="alice=3, b=c=0.5") == {
        "ai": {"user_weights": {"alice": 3.0, "b=c": 0.5}}
    }
    assert read(AI_USER_WEIGHTS="none") == {"ai": {"user_weights": {}}}


def test_limits_can_be_taken_away():
    assert read(AI_RATE_LIMIT="none", AI_GLOBAL_CONCURRENCY="none") == {
        "ai": {"rate_limit": None, "global_concurrency": None}
    }


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("AI_CONCURRENCY", "0", "a whole number from 1"),
        ("AI_CONCURRENCY", "none", "a whole number from 1"),
        ("AI_GLOBAL_CONCURRENCY", "few", "a whole number from 1 to 1000000, or none"),
        ("AI_RATE_LIMIT", "10", "like 10/1s"),
        ("AI_RATE_LIMIT", "0/1s", "like 10/1s"),
        ("AI_RATE_LIMIT", "10/0s", "like 10/1s"),
        ("AI_RATE_LIMIT", "10/0.0001ms", "like 10/1s"),
        ("AI_RATE_LIMIT", "9999999/1s", "like 10/1s"),
        ("AI_CONCURRENCY", "9" * 5000, "a whole number from 1 to 1000000"),
        ("AI_USER_WEIGHTS", "alice", "like alice=3,bob=0.5"),
        ("AI_USER_WEIGHTS", "alice=0", "numbers from 0.01 to 100"),
        ("AI_USER_WEIGHTS", "alice=1,alice=2", "each user once"),
        ("AI_MAX_ATTEMPTS", "-1", "a whole number from 1"),
    ],
)
def test_what_cannot_be_honoured_is_named_with_what_is_expected(name, value, expected):
    with pytest.raises(SettingsError) as caught:
        read(**{name: value})

    assert f"expected PENSTOCK_QUEUE_{name} to be " in str(caught.value)
    assert expected in str(caught.value)
    assert str(caught.value).endswith(f"got {value!r}")


def test_an_unknown_queue_or_field_is_refused_with_the_nearest_name():
    with pytest.raises(SettingsError, match=r"did you mean PENSTOCK_QUEUE_VIDEO_CONCURRENCY\?"):
        read(VIDOE_CONCURRENCY="1")
    with pytest.raises(SettingsError, match=r"did you mean PENSTOCK_QUEUE_AI_MAX_ATTEMPTS\?"):
        read(AI_ATTEMPTS="1")
    with pytest.raises(SettingsError, match="the queues are ai, big-files, video, and what can"):
        read(X="1")


def test_a_name_that_may_mean_two_queues_is_refused():
    variables = {"PENSTOCK_QUEUE_AI_GLOBAL_CONCURRENCY": "3"}

    with pytest.raises(SettingsError, match="may mean queue 'ai' and 'ai-global'"):
        values(variables, ["ai", "ai-global"])


def test_a_misspelt_field_of_a_known_queue_is_refused_though_others_are_unknown():
    with pytest.raises(SettingsError, match="did you mean PENSTOCK_QUEUE_AI_CONCURRENCY"):
        values({"PENSTOCK_QUEUE_AI_CONCURENCY": "8"}, absent=ABSENT)


def test_a_queue_that_nobody_could_load_stops_nothing_and_is_named(caplog):
    variables = {"PENSTOCK_QUEUE_VIDOE_CONCURRENCY": "1", "PENSTOCK_QUEUE_AI_CONCURRENCY": "2"}

    assert values(variables, absent=ABSENT) == {"ai": {"concurrency": 2}}
    (told,) = caplog.messages
    assert told == (
        "PENSTOCK_QUEUE_VIDOE_CONCURRENCY has no effect: no loaded plugin declares such a queue, "
        "though one that is not loaded may: plugin 'broken' (penstock-broken 1); did you mean "
        "PENSTOCK_QUEUE_VIDEO_CONCURRENCY?"
    )


def test_the_settings_leave_queues_to_those_who_know_them(tmp_path):
    environ = {"PENSTOCK_QUEUE_AI_CONCURRENCY": "8"}

    assert list(Settings.load(environ, tmp_path).given.names()) == list(environ)
