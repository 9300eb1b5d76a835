from datetime import timedelta

import pytest

from penstock.settings import TASKS, Given, Settings, SettingsError, limits
from tests.unit.settings.said import said_of

NAMES = ["ai.text", "acme.big-file"]


def read(**variables):
    found = said_of(TASKS, NAMES, Given.of({f"PENSTOCK_TASK_{k}": v for k, v in variables.items()}))
    return {
        name: {field: said.value for field, said in each.items()} for name, each in found.items()
    }


def test_each_task_type_is_tuned_by_its_name():
    assert read(AI_TEXT_TIMEOUT="5m", ACME_BIG_FILE_MAX_MEMORY="1GiB", AI_TEXT_UNIQUE="true") == {
        "ai.text": {"timeout": timedelta(minutes=5), "unique": True},
        "acme.big-file": {"max_memory": 1 << 30},
    }


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("AI_TEXT_TIMEOUT", "5", "a time with its unit, from 1ms to 366d"),
        ("AI_TEXT_TIMEOUT", "0s", "like 500ms, 30s, 5m or 1h30m, or none"),
        ("AI_TEXT_TIMEOUT", "400d", "a time with its unit"),
        ("AI_TEXT_TIMEOUT", "٣s", "a time with its unit"),
        ("AI_TEXT_MAX_INTERVAL", "none", "a time with its unit"),
        ("AI_TEXT_JITTER", "1.1", "a number from 0 to 1"),
        ("AI_TEXT_JITTER", "nan", "a number from 0 to 1"),
        ("AI_TEXT_BACKOFF_COEFFICIENT", "0.5", "a number from 1 to 1000"),
        ("AI_TEXT_ENABLED", "yes", "true or false"),
        ("AI_TEXT_MAX_MEMORY", "1MiB", "a size from 64MiB"),
        ("AI_TEXT_MAX_MEMORY", "2 gigs", "like 512MiB, 2GiB or 2000000000, or none"),
    ],
)
def test_what_cannot_be_honoured_is_named_with_what_is_expected(name, value, expected):
    with pytest.raises(SettingsError) as caught:
        read(**{name: value})

    assert f"expected PENSTOCK_TASK_{name} to be " in str(caught.value)
    assert expected in str(caught.value)
    assert str(caught.value).endswith(f"got {value!r}")


def test_an_unknown_task_type_or_field_is_refused_with_the_nearest_name():
    with pytest.raises(SettingsError, match=r"did you mean PENSTOCK_TASK_AI_TEXT_TIMEOUT\?"):
        read(AI_TXT_TIMEOUT="1s")
    with pytest.raises(
        SettingsError, match=r"the task types are acme\.big-file, ai\.text, and what"
    ):
        read(X="1")


def test_a_setting_of_penstock_itself_that_starts_alike_is_not_one_of_a_task_type(tmp_path):
    environ = {"PENSTOCK_TASK_LOG_LEVEL": "debug", "PENSTOCK_TASK_AI_TEXT_TIMEOUT": "5m"}

    settings = Settings.load(environ, tmp_path)

    assert settings.task_log_level == "debug"
    assert list(said_of(TASKS, NAMES, settings.given)) == ["ai.text"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(minutes=90), "1h30m"),
        (timedelta(days=2, milliseconds=5), "2d5ms"),
        (timedelta(milliseconds=1500), "1s500ms"),
        (timedelta(microseconds=1500), "0.0015s"),
        (True, "true"),
        (0.1, "0.1"),
        (2.0, "2"),
        (None, "none"),
    ],
)
def test_a_value_is_written_as_it_could_be_read(value, text):
    assert limits.text(value) == text
