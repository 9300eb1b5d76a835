"""Neither keys nor passwords reach a log."""

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.secrecy import HIDDEN, Mask, redacted, redacted_in
from penstock.settings import Settings, SettingsError

SECRET = "hunter2"
LONG_SECRET = "hunter2's \"/ö\n&"


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


@pytest.mark.parametrize(
    "written",
    [
        LONG_SECRET,
        repr(LONG_SECRET),
        json.dumps({"key": LONG_SECRET}),
        f"https://acme.example?key={quote(LONG_SECRET, safe='')}",
        f"https://acme.example?key={quote_plus(LONG_SECRET)}",
    ],
)
def test_a_known_secret_is_hidden_however_it_is_written(written):
    found = Mask([LONG_SECRET])(f"it said {written} twice: {written}")

    assert "hunter2" not in found
    assert found.count(HIDDEN) == 2


def test_of_two_secrets_that_begin_alike_nothing_is_left():
    assert Mask(["hunter2-short", "hunter2-short-and-long"])("hunter2-short-and-long") == HIDDEN


def test_what_is_too_short_or_a_number_is_left_where_it_stands_by_chance():
    text = "seven users in 2026112610 s"

    assert Mask(["user", "2026112610"])(text) is text


def test_secrets_are_hidden_deep_inside_a_log_line():
    fields = {"sent": [{"Authorization": f"Bearer {LONG_SECRET}"}], LONG_SECRET: 1}

    assert Mask([LONG_SECRET]).within(fields) == {
        "sent": [{"Authorization": "Bearer ***"}],
        "***": 1,
    }


def test_what_is_secret_of_what_was_said_is_known_before_any_plugin_is(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "PENSTOCK_ACME_ACCOUNT").write_text("the-account")
    (tmp_path / "penstock.toml").write_text('[plugins.acme]\ntoken = "the-token"\n')
    settings = Settings.load(
        {
            "PENSTOCK_API_KEY": "the-api-key",
            "REDIS_URL": "redis-sentinel://u:the-redis%40password@a,b/0?master=m"
            "&sentinel_password=the-sentinels",
            "DATABASE_URL": "postgres://penstock:the-database@db/penstock",
            "ACME_API_KEY": "the-acme-key",
            "PENSTOCK_ACME_PROXY_PASSWORD": "http://u:the-proxys@proxy",
            "PENSTOCK_ACME_REGION": "northern",
            "PENSTOCK_SECRETS_DIR": "secrets",
        },
        tmp_path,
        plugins=["acme"],
    )
    told = (
        "the-api-key the-redis@password the-redis%40password the-sentinels the-database the-token "
        "the-account the-acme-key the-proxys"
    )

    assert set(settings.mask(told).split()) == {HIDDEN}
    assert settings.mask("northern penstock secrets") == "northern penstock secrets"
    assert "the-token" not in repr(settings)


def test_a_password_that_is_the_name_of_its_user_is_no_secret(tmp_path):
    settings = Settings.load({"DATABASE_URL": "postgres://penstock:penstock@db/penstock"}, tmp_path)

    assert settings.mask("[penstock.worker]") == "[penstock.worker]"
