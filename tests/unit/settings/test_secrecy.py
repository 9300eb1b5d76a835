"""Neither keys nor passwords reach a log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.secrecy import redacted, redacted_in
from penstock.settings import Settings, SettingsError

SECRET = "hunter2"


def test_the_repr_shows_neither_the_key_nor_passwords(tmp_path):
    settings = Settings.load(
        {
            "PENSTOCK_API_KEY": SECRET,
            "REDIS_URL": f"redis-sentinel://u:{SECRET}@a,b/0?master=m&sentinel_password={SECRET}",
            "DATABASE_URL": f"postgres://penstock:{SECRET}@db/penstock",
        },
        tmp_path,
    )

    assert SECRET not in repr(settings)
    assert "penstock:***@db" in repr(settings)
    assert "redis-sentinel://u:***@a,b/0?master=m&sentinel_password=***" in repr(settings)
    assert SECRET in settings.database_url


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PENSTOCK_API_KEY", f"{SECRET} with a space"),
        ("DATABASE_URL", f"mysql://root:{SECRET}@db/x"),
        ("DATABASE_URL", f"postgres:/root:{SECRET}@db/x"),
        ("REDIS_URL", f"http://:{SECRET}@cache"),
        ("REDIS_URL", f"tcp://cache?password={SECRET}"),
        ("REDIS_URL", f"redis-sentinel://u:{SECRET}@a,b/0"),
        ("REDIS_URL", f"redis-sentinel://a,b/x?master=m&sentinel_password={SECRET}"),
        ("REDIS_URL", f"redis-sentinel://a,b/x?sentinel_password=and&{SECRET}&master=m"),
        ("REDIS_URL", f"rediss://a/x?ssl_password={SECRET}"),
    ],
)
def test_a_refused_value_does_not_show_its_secret(tmp_path, variable, value):
    with pytest.raises(SettingsError) as caught:
        Settings.load({variable: value}, tmp_path)

    assert SECRET not in str(caught.value)


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_no_password_survives_however_badly_it_is_escaped(password):
    shown = redacted(f"postgresql://user:{password}@host/database")

    assert shown in {"postgresql://user:***@host/database", "postgresql://***"}


def test_what_is_no_secret_stays():
    assert redacted("unix:///run/redis.sock?db=0") == "unix:///run/redis.sock?db=0"
    assert redacted("postgresql://user@host/db") == "postgresql://user@host/db"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cannot reach postgresql://app:hunter2@db/x", "cannot reach postgresql://app:***@db/x"),
        ("at 'redis://:hun@ter/2@h:6379' now", "at 'redis://:***@h:6379' now"),
        ("GET https://x.test/a?token=hunter2 failed", "GET https://x.test/a?token=*** failed"),
        ("see https://x.test/a, or mail me@x.test", "see https://x.test/a, or mail me@x.test"),
    ],
)
def test_passwords_of_urls_in_a_text_are_hidden(text, shown):
    assert redacted_in(text) == shown
