"""Reads ``DATABASE_URL`` in the forms that hosting providers and people write it in."""

import re
from pathlib import Path

_POSTGRESQL = re.compile(r"(?:postgres|postgresql|postgresql\+asyncpg)://(?P<rest>.+)")
_SQLITE = re.compile(r"sqlite(?:\+aiosqlite)?:///(?P<path>[^?]+)(?P<query>\?.*)?")
# libpq's name for what asyncpg calls `ssl`; the values are the same.
_SSLMODE = re.compile(r"([?&])sslmode=")

CHOICES = "postgresql://user:password@host/database or sqlite:///path/to/file.db"


def normalised(value: str, directory: Path) -> str:
    """The URL with the asynchronous driver that Penstock uses.

    ``postgres://`` and ``postgresql://`` become ``postgresql+asyncpg://``; ``sqlite:///file``
    becomes ``sqlite+aiosqlite:///`` with an absolute path, seen from ``directory``.

    Raises:
        ValueError: for any other kind of database, saying what is expected.
    """
    if found := _POSTGRESQL.fullmatch(value):
        return "postgresql+asyncpg://" + _SSLMODE.sub(r"\1ssl=", found["rest"])
    if found := _SQLITE.fullmatch(value):
        if found["path"] == ":memory:" or found["path"].startswith("file:"):
            raise ValueError(f"{CHOICES}; a database in memory cannot be shared by processes")
        return sqlite(directory / found["path"]) + (found["query"] or "")
    raise ValueError(CHOICES)


def sqlite(file: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite+aiosqlite:///{file.absolute()}"
