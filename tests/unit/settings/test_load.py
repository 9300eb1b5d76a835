"""Where settings come from, and what they are when nobody says."""

from datetime import timedelta

import pytest

from penstock.settings import KNOBS, Settings, SettingsError


def test_with_nothing_set_everything_lives_in_the_data_folder_on_loopback(tmp_path):
    settings = Settings.load({}, tmp_path)

    assert settings.redis_url is None
    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/.penstock/penstock.db"
    assert settings.data_dir == tmp_path / ".penstock"
    assert (settings.host, settings.port, settings.api_key) == ("127.0.0.1", 8000, None)
    assert settings.url == "http://127.0.0.1:8000"
    assert settings.lease == timedelta(seconds=30)
    assert settings.result_ttl == timedelta(days=1)
    assert settings.max_body_bytes == 1024 * 1024


def test_every_knob_has_a_field_and_every_field_a_knob(tmp_path):
    fields = set(vars(Settings.load({}, tmp_path)))

    assert {knob.field for knob in KNOBS} == fields - {"given", "mask"}


def test_durations_are_read_as_seconds_with_fractions(tmp_path):
    settings = Settings.load(
        {"PENSTOCK_LEASE_SECONDS": "1.5", "PENSTOCK_DRAIN_SECONDS": "0"}, tmp_path
    )

    assert settings.lease == timedelta(milliseconds=1500)
    assert settings.drain == timedelta(0)


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path):
    (tmp_path / ".env.local").write_text(
        "# for this machine\n"
        "REDIS_URL='redis://localhost:6379'\n"
        "export PENSTOCK_PORT=8001\n"
        "OPENAI_API_KEY=not-ours\n"
    )

    settings = Settings.load({"PENSTOCK_PORT": "8002"}, tmp_path)

    assert settings.redis_url == "redis://localhost:6379"
    assert settings.port == 8002
    assert settings.host == "127.0.0.1"


def test_an_empty_variable_counts_as_not_set(tmp_path):
    settings = Settings.load({"PENSTOCK_API_KEY": "", "REDIS_URL": ""}, tmp_path)

    assert settings.api_key is None
    assert settings.redis_url is None


def test_an_empty_variable_does_not_hide_the_files(tmp_path):
    (tmp_path / ".env.local").write_text("PENSTOCK_API_KEY=in-the-file\n")

    assert Settings.load({"PENSTOCK_API_KEY": ""}, tmp_path).api_key == "in-the-file"


def test_the_clients_address_follows_where_the_api_listens(tmp_path):
    def url(**environ):
        return Settings.load(environ, tmp_path).url

    assert url(PENSTOCK_PORT="9000") == "http://127.0.0.1:9000"
    assert url(PENSTOCK_HOST="0.0.0.0") == "http://127.0.0.1:8000"
    assert url(PENSTOCK_HOST="::1") == "http://[::1]:8000"
    assert url(PENSTOCK_URL="https://tasks.example.com/") == "https://tasks.example.com"


@pytest.mark.parametrize(
    ("content", "line"),
    [("PENSTOCK_PORT=1\nREDIS_URL='redis://x\n", 2), ("PENSTOCK_PORT\n", 1)],
)
def test_a_line_of_the_file_that_makes_no_sense_is_refused_with_its_number(tmp_path, content, line):
    (tmp_path / ".env.local").write_text(content)

    with pytest.raises(SettingsError, match=rf"line {line} of .*\.env\.local"):
        Settings.load({}, tmp_path)


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / ".env.local").write_bytes(b"\xff\xfe")

    with pytest.raises(SettingsError, match=r"cannot read .*\.env\.local"):
        Settings.load({}, tmp_path)
