"""Every usual way to write a database's address is understood."""

import pytest
from sqlalchemy import make_url

from penstock.settings import Settings, SettingsError


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("postgres://u:p@h:5432/d", "postgresql+asyncpg://u:p@h:5432/d"),
        ("postgresql://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql+asyncpg://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql:///d?host=/var/run", "postgresql+asyncpg:///d?host=/var/run"),
        ("postgres://h/d?a=b&sslmode=require", "postgresql+asyncpg://h/d?a=b&ssl=require"),
        ("sqlite:////var/tasks.db", "sqlite+aiosqlite:////var/tasks.db"),
        ("sqlite+aiosqlite:////var/tasks.db", "sqlite+aiosqlite:////var/tasks.db"),
    ],
)
def test_the_asynchronous_driver_is_filled_in(tmp_path, given, read):
    assert Settings.load({"DATABASE_URL": given}, tmp_path).database_url == read


def test_a_relative_sqlite_file_is_seen_from_the_working_directory(tmp_path):
    settings = Settings.load({"DATABASE_URL": "sqlite:///tasks.db"}, tmp_path)

    assert settings.database_url == f"sqlite+aiosqlite:///{tmp_path}/tasks.db"


@pytest.mark.parametrize(
    ("address", "rest"),
    [
        ("h", ""),
        ("", "d"),
        ("user@server:p%40/?#@h:1", "d"),
        ("u:@[::1]:65535", "d"),
        ("h:", "d?x=a@b"),
    ],
)
def test_an_address_is_left_as_it_is(tmp_path, address, rest):
    given = f"postgresql://{address}/{rest}"

    found = Settings.load({"DATABASE_URL": given}, tmp_path).database_url

    assert found == f"postgresql+asyncpg://{address}/{rest}"
    make_url(found)


@pytest.mark.parametrize(
    "address", ["h:port", "h:0", "h:65536", "[::1", "::1", "h:1:2", "pass@word@h", "h1:1,h2:2"]
)
def test_an_address_that_is_none_is_refused_without_its_password(tmp_path, address):
    with pytest.raises(SettingsError) as caught:
        Settings.load({"DATABASE_URL": f"postgresql://u:hunter2@{address}/d"}, tmp_path)

    message = str(caught.value)
    assert message.startswith("expected DATABASE_URL to be postgresql://user:password@host")
    assert "a host and a port from 1 to 65535" in message
    assert "hunter2" not in message
