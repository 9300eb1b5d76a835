from datetime import timedelta

import pytest

from penstock import RateLimit, UnitLimit
from penstock.settings import PROVIDERS, Given, Settings, SettingsError
from tests.unit.settings.said import said_of

MINUTE = timedelta(minutes=1)


def read(**variables):
    given = Given.of({f"PENSTOCK_PROVIDER_{k}": v for k, v in variables.items()})
    found = said_of(PROVIDERS, ["openai", "big-model"], given)
    return {
        name: {field: said.value for field, said in each.items()} for name, each in found.items()
    }


def test_each_provider_is_tuned_by_its_name():
    found = read(OPENAI_CONCURRENCY="8", OPENAI_RATE_LIMIT="60/1m", BIG_MODEL_UNITS="90000/1m")

    assert found == {
        "openai": {"concurrency": 8, "rate_limit": RateLimit(limit=60, period=MINUTE)},
        "big-model": {"units": UnitLimit(limit=90_000, period=MINUTE)},
    }


def test_units_may_have_a_burst():
    limit = UnitLimit(limit=90_000, period=MINUTE, burst=15_000)

    assert read(OPENAI_UNITS="90000/1m/15000") == {"openai": {"units": limit}}


def test_limits_can_be_taken_away():
    assert read(OPENAI_CONCURRENCY="none", OPENAI_RATE_LIMIT="none", OPENAI_UNITS="none") == {
        "openai": {"concurrency": None, "rate_limit": None, "units": None}
    }


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("OPENAI_CONCURRENCY", "0", "a whole number from 1 to 1000000, or none"),
        ("OPENAI_RATE_LIMIT", "10/1s/20", "a number of starts per time"),
        ("OPENAI_RATE_LIMIT", "10000000/1s", "a number of starts per time"),
        ("OPENAI_UNITS", "90000", "a number of units per time"),
        ("OPENAI_UNITS", "90000/1m/0", "a number of units per time"),
        ("OPENAI_UNITS", "9000000000/1m", "a number of units per time"),
        ("OPENAI_UNITS", "90000/0.0001ms", "a number of units per time"),
        ("OPENAI_UNITS", "٩/1m", "a number of units per time"),
    ],
)
def test_what_cannot_be_honoured_is_named_with_what_is_expected(name, value, expected):
    with pytest.raises(SettingsError) as caught:
        read(**{name: value})

    assert f"expected PENSTOCK_PROVIDER_{name} to be {expected}" in str(caught.value)
    assert str(caught.value).endswith(f"got {value!r}")


def test_an_unknown_provider_or_field_is_refused_with_the_nearest_name():
    with pytest.raises(SettingsError, match=r"did you mean PENSTOCK_PROVIDER_OPENAI_UNITS\?"):
        read(OPENIA_UNITS="1/1s")
    with pytest.raises(SettingsError, match="the providers are big-model, openai, and what can"):
        read(X="1")


def test_the_settings_leave_providers_to_those_who_know_them(tmp_path):
    environ = {"PENSTOCK_PROVIDER_OPENAI_UNITS": "1/1s"}

    assert list(Settings.load(environ, tmp_path).given.names()) == list(environ)
