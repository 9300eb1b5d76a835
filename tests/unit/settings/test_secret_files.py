"""Secrets come from files that somebody else may not read, and are shown nowhere."""

import msgspec
import pytest

from penstock import Secret
from penstock.settings import Settings, SettingsError, plugin_settings


class Acme(msgspec.Struct, frozen=True, kw_only=True):
    api_key: Secret | None = None
    api_key_file: str | None = None


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


def load(tmp_path, **environ):
    return Settings.load(environ, tmp_path, plugins=["acme"])


def test_a_variable_may_name_a_file_that_holds_its_value(tmp_path):
    (tmp_path / "key").write_text("s3cret\n")

    settings = load(tmp_path, PENSTOCK_API_KEY_FILE="key")

    assert settings.api_key == "s3cret"
    assert "s3cret" not in repr(settings)
    assert "s3cret" not in repr(settings.given.find("PENSTOCK_API_KEY"))


def test_a_folder_holds_a_file_for_each_variable_as_orchestrators_mount_them(tmp_path, folder):
    (folder / "PENSTOCK_API_KEY").write_text("s3cret")
    (folder / "penstock_acme_api_key").write_text("k\r\n")
    (folder / "..data").mkdir()
    (folder / "not a variable").write_text("x")

    settings = load(tmp_path, PENSTOCK_SECRETS_DIR="secrets")

    assert (settings.api_key, settings.secrets_dir) == ("s3cret", folder)
    assert plugin_settings.read("acme", Acme, settings.given).api_key == "k"


def test_a_variable_wins_over_the_folder_and_that_over_the_local_file(tmp_path, folder):
    (folder / "PENSTOCK_PORT").write_text("2")
    (folder / "PENSTOCK_HOST").write_text("127.0.0.2")
    (tmp_path / ".env.local").write_text(
        "PENSTOCK_SECRETS_DIR=secrets\nPENSTOCK_HOST=127.0.0.3\nPENSTOCK_NAMESPACE=local\n"
    )

    settings = load(tmp_path, PENSTOCK_PORT="1")

    assert (settings.port, settings.host, settings.namespace) == (1, "127.0.0.2", "local")
    assert settings.said("host").place == f"PENSTOCK_HOST (in {folder / 'PENSTOCK_HOST'})"


def test_penstock_toml_may_name_the_folder(tmp_path, folder):
    (folder / "REDIS_URL").write_text("redis://:s3cret@localhost:6379\n")
    (tmp_path / "penstock.toml").write_text('[penstock]\nsecrets_dir = "secrets"\n')

    assert load(tmp_path).redis_url == "redis://:s3cret@localhost:6379"


def test_a_setting_that_ends_like_a_file_of_another_is_itself(tmp_path):
    given = load(tmp_path, PENSTOCK_ACME_API_KEY_FILE="plain").given

    found = plugin_settings.read("acme", Acme, given)

    assert (found.api_key, found.api_key_file) == (None, "plain")


def refusal(tmp_path, **environ):
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, **environ)
    return str(caught.value)


def test_what_cannot_be_read_is_named_with_what_names_it(tmp_path, folder):
    assert "cannot read the secret file" in refusal(tmp_path, PENSTOCK_API_KEY_FILE="gone")
    assert "(PENSTOCK_API_KEY_FILE): No such file" in refusal(
        tmp_path, PENSTOCK_API_KEY_FILE="gone"
    )
    assert "gone (PENSTOCK_SECRETS_DIR): No such file or directory; it is to be a folder" in (
        refusal(tmp_path, PENSTOCK_SECRETS_DIR="gone")
    )
    file = folder / "REDIS_URL"
    file.write_bytes(b"\xff")
    assert refusal(tmp_path, PENSTOCK_SECRETS_DIR="secrets") == (
        f"cannot read the secret file {file} (REDIS_URL, by PENSTOCK_SECRETS_DIR): it is no text "
        "in UTF-8; it is to be a text file that this process may read"
    )
    file.write_text("\n")
    assert "is empty; write the value into it" in refusal(tmp_path, PENSTOCK_SECRETS_DIR="secrets")


@pytest.mark.parametrize("content", [b"\xff", b""])
def test_a_file_that_cannot_be_read_harms_nobody_who_does_without(tmp_path, folder, content):
    for name in ("REDIS_URL", "PENSTOCK_ACME_API_KEY", "penstock_acme_region", "tls_key"):
        (folder / name).write_bytes(content)

    settings = load(
        tmp_path, PENSTOCK_SECRETS_DIR="secrets", REDIS_URL="redis://elsewhere", tls_key="x"
    )

    assert settings.redis_url == "redis://elsewhere"
    file = folder / "PENSTOCK_ACME_API_KEY"
    with pytest.raises(SettingsError, match=rf"{file} \(PENSTOCK_ACME_API_KEY, by PENSTOCK_SEC"):
        plugin_settings.read("acme", Acme, settings.given)


def test_what_is_said_twice_is_refused(tmp_path, folder):
    (tmp_path / "key").write_text("s3cret")
    twice = refusal(tmp_path, PENSTOCK_API_KEY="x", PENSTOCK_API_KEY_FILE="key")
    assert twice == (
        "PENSTOCK_API_KEY and PENSTOCK_API_KEY_FILE both say PENSTOCK_API_KEY; remove one of them"
    )
    (folder / "REDIS_URL").write_text("a")
    (folder / "redis_url").write_text("b")
    assert "two files in" in refusal(tmp_path, PENSTOCK_SECRETS_DIR="secrets")


def test_the_value_of_a_secret_file_is_never_shown_whatever_it_is_of(tmp_path, folder):
    (folder / "PENSTOCK_PORT").write_text("hunter2")

    message = refusal(tmp_path, PENSTOCK_SECRETS_DIR="secrets")

    assert "hunter2" not in message
    assert "expected PENSTOCK_PORT (in " in message


def test_a_misspelt_file_is_refused_like_a_misspelt_variable(tmp_path, folder):
    (folder / "PENSTOCK_API_KYE").write_text("x")

    assert "did you mean PENSTOCK_API_KEY?" in refusal(tmp_path, PENSTOCK_SECRETS_DIR="secrets")
    assert "there is no setting PENSTOCK_API_KYE_FILE" in refusal(
        tmp_path, PENSTOCK_API_KYE_FILE="x"
    )


@pytest.mark.parametrize("name", ["PENSTOCK_CONFIG", "penstock_secrets_dir_file"])
def test_a_file_in_the_folder_that_would_say_nothing_is_refused(tmp_path, folder, name):
    (folder / name).write_text("x")

    with pytest.raises(SettingsError, match=rf"^{name.upper()} \(in .*\) has no effect: .*\.env"):
        load(tmp_path, PENSTOCK_SECRETS_DIR="secrets")
