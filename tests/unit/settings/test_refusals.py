"""Wrong settings stop the process, with a message that names variable, value and remedy."""

import pytest

from penstock.settings import Settings, SettingsError


def refusal(tmp_path, **environ):
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ, tmp_path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("PENSTOCK_PORT", "eighty", "a whole number from 1 to 65535"),
        ("PENSTOCK_PORT", "65536", "a whole number from 1 to 65535"),
        ("PENSTOCK_PORT", "٣", "a whole number from 1 to 65535"),
        ("PENSTOCK_MAX_BODY_BYTES", "-1", "a whole number from 1"),
        ("PENSTOCK_LEASE_SECONDS", "0", "a number of seconds above 0"),
        ("PENSTOCK_LEASE_SECONDS", "30s", "a number of seconds above 0"),
        ("PENSTOCK_LEASE_SECONDS", "nan", "a number of seconds above 0"),
        ("PENSTOCK_LEASE_SECONDS", "1e300", "at most 366 days"),
        ("PENSTOCK_NAMESPACE", "a:{b}", "a lower-case letter followed by"),
        ("PENSTOCK_LOG_FORMAT", "xml", "one of console, json"),
        ("PENSTOCK_URL", "127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("PENSTOCK_URL", "http://host:port", "http://127.0.0.1:8000"),
        ("REDIS_URL", "localhost:6379", "redis://host:6379/0"),
        ("REDIS_URL", "redis://host:port/0", "redis://host:6379/0"),
        ("REDIS_URL", "redis://host/0?socket_timeout=1", "a URL with no options but db"),
        ("REDIS_URL", "redis-sentinel://host/0", "?master=mymaster"),
        ("PENSTOCK_DATA_DIR", "~nobody-of-this-name/x", "a folder"),
        ("DATABASE_URL", "mysql://host/x", "postgresql://user:password@host/database or sqlite"),
        ("DATABASE_URL", "sqlite:///:memory:", "cannot be shared"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(tmp_path, variable, value, expected):
    message = refusal(tmp_path, **{variable: value})

    assert message.startswith(f"expected {variable} to be ")
    assert expected in message
    assert repr(value) in message


def test_a_wrong_value_in_the_file_is_refused_as_well(tmp_path):
    (tmp_path / ".env.local").write_text("PENSTOCK_PORT=x\n")

    assert "PENSTOCK_PORT" in refusal(tmp_path)


def test_a_misspelt_name_is_refused_with_the_one_that_was_meant(tmp_path):
    assert "no setting PENSTOCK_LEASE_SECOND; did you mean PENSTOCK_LEASE_SECONDS?" in refusal(
        tmp_path, PENSTOCK_LEASE_SECOND="1"
    )


def test_a_name_like_no_other_is_refused_with_the_names_there_are(tmp_path):
    assert "the settings are REDIS_URL, DATABASE_URL, PENSTOCK_DATA_DIR" in refusal(
        tmp_path, PENSTOCK_XYZ="1"
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PENSTOCK_PORT", "tcp://10.0.0.1:8000"),
        ("PENSTOCK_API_SERVICE_HOST", "10.0.0.1"),
        ("PENSTOCK_API_PORT_8000_TCP_ADDR", "10.0.0.1"),
    ],
)
def test_what_kubernetes_makes_for_a_service_is_recognised(tmp_path, variable, value):
    assert "enableServiceLinks: false" in refusal(tmp_path, **{variable: value})


def test_a_host_that_others_can_reach_needs_an_api_key(tmp_path):
    reachable = Settings.load({"PENSTOCK_HOST": "0.0.0.0"}, tmp_path)

    with pytest.raises(
        SettingsError, match=r"PENSTOCK_API_KEY to be set.*PENSTOCK_HOST=0\.0\.0\.0"
    ):
        reachable.require_access()


@pytest.mark.parametrize(
    "environ",
    [
        {"PENSTOCK_HOST": "localhost"},
        {"PENSTOCK_HOST": "127.1.2.3"},
        {"PENSTOCK_HOST": "::1"},
        {"PENSTOCK_HOST": "0.0.0.0", "PENSTOCK_API_KEY": "a-key"},
    ],
)
def test_loopback_or_a_key_is_enough(tmp_path, environ):
    Settings.load(environ, tmp_path).require_access()


def test_a_process_that_needs_redis_says_so_and_what_to_do(tmp_path):
    with pytest.raises(SettingsError, match=r"REDIS_URL.*not set.*penstock dev"):
        Settings.load({}, tmp_path).require_redis_url()
