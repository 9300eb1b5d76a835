"""Every usual way to write a database's address is understood."""

import pytest

from penstock.settings import Settings


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
