"""penstock.toml says what the variables say, and is refused as clearly."""

from datetime import timedelta

import msgspec
import pytest

from penstock import RateLimit, Secret, UnitLimit
from penstock.settings import (
    KNOBS,
    PROVIDERS,
    QUEUES,
    TASKS,
    Settings,
    SettingsError,
    plugin_settings,
)
from tests.unit.settings.said import said_of

PLUGINS = ["acme", "acme-more"]


class Acme(msgspec.Struct, frozen=True, kw_only=True):
    model: str | None = None
    retries: int = 3
    fast: bool = False
    api_key: Secret | None = None


def load(tmp_path, content, **environ):
    (tmp_path / "penstock.toml").write_text(content)
    return Settings.load(environ, tmp_path, plugins=PLUGINS)


def refusal(tmp_path, content, **environ):
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, content, **environ)
    return str(caught.value)


def values(found):
    return {
        name: {field: said.value for field, said in each.items()} for name, each in found.items()
    }


def test_own_settings_stand_in_a_table_of_their_own(tmp_path):
    settings = load(
        tmp_path,
        """
        [penstock]
        port = 9000
        lease_seconds = 1.5
        redis_url = "redis://localhost:6379"
        keep_failed = "forever"
        """,
    )

    assert (settings.port, settings.redis_url) == (9000, "redis://localhost:6379")
    assert (settings.lease, settings.keep_failed) == (timedelta(seconds=1.5), None)
    assert settings.config == tmp_path / "penstock.toml"


def test_names_may_be_a_list(tmp_path):
    settings = load(tmp_path, '[penstock]\nplugins = ["acme", "acme-more"]\n')

    assert settings.plugins == ("acme", "acme-more")
    assert "got a list" in refusal(tmp_path, "[penstock]\nplugins = [1]\n")


def test_every_setting_but_the_file_itself_may_stand_in_it(tmp_path):
    for knob in KNOBS:
        if knob.variable in {"PENSTOCK_CONFIG", "PENSTOCK_SECRETS_DIR"} or knob.default is None:
            continue
        settings = load(tmp_path, f'[penstock]\n{knob.key} = "{knob.default}"\n')
        assert settings.said(knob.field).origin == "file"
    assert "there is no setting penstock.config" in refusal(tmp_path, '[penstock]\nconfig = "x"')


def test_an_empty_or_a_missing_file_says_nothing(tmp_path):
    assert load(tmp_path, "").port == 8000
    assert load(tmp_path, '[penstock]\napi_key = ""').api_key is None
    (tmp_path / "penstock.toml").unlink()
    assert Settings.load({}, tmp_path).config is None


def test_variables_win_over_the_local_file_and_that_over_penstock_toml(tmp_path):
    content = "[penstock]\nport = 1\nprobe_port = 1\nmax_body_bytes = 1\n"
    (tmp_path / ".env.local").write_text("PENSTOCK_PORT=2\nPENSTOCK_PROBE_PORT=2\n")

    settings = load(tmp_path, content, PENSTOCK_PORT="3")

    assert (settings.port, settings.probe_port, settings.max_body_bytes) == (3, 2, 1)
    assert settings.said("port").place == "PENSTOCK_PORT"
    assert settings.said("probe_port").place == (
        f"PENSTOCK_PROBE_PORT (line 2 of {tmp_path / '.env.local'})"
    )
    assert settings.said("host") is None


def test_another_file_may_be_named(tmp_path):
    (tmp_path / "other.toml").write_text("[penstock]\nport = 9001\n")

    assert load(tmp_path, "[penstock]\nport = 1", PENSTOCK_CONFIG="other.toml").port == 9001
    with pytest.raises(SettingsError, match=r"cannot read .*missing\.toml: No such file"):
        Settings.load({"PENSTOCK_CONFIG": "missing.toml"}, tmp_path)


def test_queues_providers_and_task_types_are_tuned_by_their_names(tmp_path):
    given = load(
        tmp_path,
        """
        [queues.big-files]
        concurrency = 3
        rate_limit = "10/1s"
        user_weights = { ada = 3, bob = 0.5 }
        global_concurrency = "none"

        [providers]
        openai = { concurrency = 8, units = "90000/1m/15000" }

        [tasks."ai.text"]
        timeout = "1m30s"
        jitter = 0
        backoff_coefficient = 1.5
        enabled = false
        max_memory = "512MiB"
        """,
    ).given
    minute = timedelta(minutes=1)

    assert values(said_of(QUEUES, ["big-files", "big_files"], given)) == {
        "big-files": {
            "concurrency": 3,
            "rate_limit": RateLimit(limit=10, period=timedelta(seconds=1)),
            "user_weights": {"ada": 3.0, "bob": 0.5},
            "global_concurrency": None,
        }
    }
    assert values(said_of(PROVIDERS, ["openai"], given)) == {
        "openai": {
            "concurrency": 8,
            "units": UnitLimit(limit=90_000, period=minute, burst=15_000),
        }
    }
    assert values(said_of(TASKS, ["ai.text"], given)) == {
        "ai.text": {
            "timeout": timedelta(seconds=90),
            "jitter": 0.0,
            "backoff_coefficient": 1.5,
            "enabled": False,
            "max_memory": 512 << 20,
        }
    }


def test_a_plugins_settings_stand_in_its_table_by_their_fields(tmp_path):
    given = load(
        tmp_path,
        '[plugins.acme]\nmodel = "m-1"\nretries = 0\nfast = true\napi_key = "s3cret"\n',
        PENSTOCK_ACME_MODEL="m-2",
    ).given

    found = plugin_settings.read("acme", Acme, given)

    assert found == Acme(model="m-2", retries=0, fast=True, api_key="s3cret")
    assert "s3cret" not in repr(given.table)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[penstok]\n", ["no table penstok (line 1 of", "did you mean 'penstock'?"]),
        ("penstock = 1\n", ["expected penstock (line 1 of", "a table, like [penstock]"]),
        ("\n[penstock]\nprot = 1\n", ["penstock.prot (line 3 of", "did you mean 'port'?"]),
        ("[penstock]\nport = 1\nport = 2\n", ["penstock.toml: Cannot overwrite", "line 3"]),
        ("[penstock]\nport = [1]\n", ["penstock.port (line 2 of", "got a list"]),
        (
            "[penstock]\nplugins = []\n",
            ["penstock.plugins (line 2", "leave it out", "an empty list"],
        ),
        ("[penstock]\nplugins_disabled = []\n", ["penstock.plugins_disabled", "an empty list"]),
        ("[penstock]\nplugins = {}\n", ["a text, a number, true or false, got a table"]),
        ('[plugins.acme]\nx = {hello = "x"}\n', ["plugins.acme.x (line 2", "got a table"]),
        ("[plugins.acme]\nplugins = []\n", ["plugins.acme.plugins (line 2", "got a list"]),
        ("[queues.acme]\nconcurrency = {a = 1}\n", ["queues.acme.concurrency", "got a table"]),
        ('[queues.acme]\nuser_weights = {a = "1"}\n', ["a table of users and numbers"]),
        ("[penstock]\nport = 1979-05-27\n", ["penstock.port (line 2 of", "got a date"]),
        ("[plugins.acem]\nx = 1\n", ["no plugin plugins.acem (line 1", "did you mean 'acme'?"]),
        ("[plugins]\nacme = 1\n", ["plugins.acme (line 2", "a table, like [plugins.acme]"]),
        ("[tasks.ai.text]\nunique = true\n", ['write the name as in [tasks."ai.text"]']),
        ("[penstock]\nport = 0\n", ["expected penstock.port (line 2 of", "from 1", "got '0'"]),
        (
            '[penstock]\napi_key = "a b"\n',
            ["penstock.api_key (line 2", "a value that is not shown"],
        ),
    ],
)
def test_what_cannot_be_honoured_is_named_with_its_line(tmp_path, content, told):
    message = refusal(tmp_path, content)

    for each in told:
        assert each in message
    assert "a b" not in message


def test_a_file_that_is_no_text_or_not_to_be_read_is_named(tmp_path):
    (tmp_path / "penstock.toml").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match=r"penstock\.toml: .*it is to be TOML, in UTF-8"):
        Settings.load({}, tmp_path)
    (tmp_path / "penstock.toml").unlink()
    (tmp_path / "penstock.toml").mkdir()
    with pytest.raises(SettingsError, match=r"cannot read .*penstock\.toml: Is a directory"):
        Settings.load({}, tmp_path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[queues.vido]\nconcurrency = 1\n", ["no queue 'vido'", "line 2", "mean 'video'?"]),
        (
            "[queues.ai]\nconcurency = 1\n",
            ["no setting 'concurency'", "did you mean 'concurrency'"],
        ),
        ("[queues.ai]\nx = 1\n", ["line 2", "the queues are ai, video"]),
        ("[queues.ai]\nconcurrency = 0\n", ["expected queues.ai.concurrency (line 2", "got '0'"]),
        ("[queues.ai]\nmax_interval = 5\n", ["a time with its unit", "got '5'"]),
    ],
)
def test_what_cannot_be_said_of_a_queue_is_named_with_its_line(tmp_path, content, told):
    given = load(tmp_path, content).given

    with pytest.raises(SettingsError) as caught:
        said_of(QUEUES, ["ai", "video"], given)

    for each in told:
        assert each in str(caught.value)


def test_a_queue_that_nobody_could_load_stops_nothing_and_is_named(tmp_path, caplog):
    given = load(tmp_path, "[queues.acem]\nconcurrency = 1\nmax_waiting = 1\n").given

    assert said_of(QUEUES, ["acme"], given, absent=["plugin 'bad' (bad 1)"]) == {}
    (told,) = caplog.messages
    assert told.startswith("queues.acem.concurrency (line 2 of")
    assert told.endswith("may: plugin 'bad' (bad 1); did you mean 'acme'?")


def test_a_misspelt_setting_of_a_plugin_is_refused(tmp_path):
    given = load(tmp_path, '[plugins.acme]\nmodell = "m"\n[plugins.acme-more]\nx = 1\n').given

    with pytest.raises(SettingsError) as caught:
        plugin_settings.refuse_unknown({"acme": [Acme], "acme-more": None}, given)

    assert "plugin 'acme' has no setting plugins.acme.modell (line 2 of" in str(caught.value)
    assert str(caught.value).endswith("did you mean plugins.acme.model?")


def test_a_value_that_a_plugin_does_not_take_is_named_with_plugin_place_and_remedy(tmp_path):
    given = load(tmp_path, '[plugins.acme]\nretries = "soon"\n').given

    with pytest.raises(SettingsError) as caught:
        plugin_settings.read("acme", Acme, given, distribution="penstock-acme 1.2")

    place = f"plugins.acme.retries (line 2 of {tmp_path / 'penstock.toml'})"
    assert str(caught.value) == (
        f"expected {place} (of plugin 'acme', penstock-acme 1.2) to be a whole number, got 'soon'; "
        "correct it, or remove it for the default, 3"
    )
