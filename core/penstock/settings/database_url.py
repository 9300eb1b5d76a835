"""Reads ``DATABASE_URL`` in the forms that hosting providers and people write it in."""

import re
from pathlib import Path

_POSTGRESQL = re.compile(r"(?:postgres|postgresql|postgresql\+asyncpg)://(?P<rest>.+)")
# As SQLAlchemy takes it apart, but with an address that can be one.
_ADDRESS = re.compile(
    r"(?:[^:/]*(?::[^@]*)?@)?(?:\[[^/?\[\]]+\]|[^/:?@\[\]]*)(?::(?P<port>\d{0,5}))?(?:/[^?]*)?(?:\?.*)?",
    re.ASCII,
)
_LAST_PORT = 65_535
_SQLITE = re.compile(r"sqlite(?:\+aiosqlite)?:///(?P<path>[^?]+)(?P<query>\?.*)?")
# libpq's name for what asyncpg calls `ssl`; the values are the same.
_SSLMODE = re.compile(r"([?&])sslmode=")

CHOICES = "postgresql://user:password@host/database or sqlite:///path/to/file.db"


def normalised(value: str, directory: Path) -> str:
    """The URL with the asynchronous driver that Penstock uses.

    ``postgres://`` and ``postgresql://`` become ``postgresql+asyncpg://``; ``sqlite:///file``
    becomes ``sqlite+aiosqlite:///`` with an absolute path, seen from ``directory``.

    Raises:
        ValueError: for any other kind of database, and for an address that is none, saying what is
            expected.
    """
    if found := _POSTGRESQL.fullmatch(value):
        address = _ADDRESS.fullmatch(found["rest"])
        if address is None or not 0 < int(address["port"] or 5432) <= _LAST_PORT:
            raise ValueError(
                f"{CHOICES}, with a host and a port from 1 to {_LAST_PORT}; '@' in a password is "
                "written %40"
            )
        return "postgresql+asyncpg://" + _SSLMODE.sub(r"\1ssl=", found["rest"])
    if found := _SQLITE.fullmatch(value):
        if found["path"] == ":memory:" or found["path"].startswith("file:"):
            raise ValueError(f"{CHOICES}; a database in memory cannot be shared by processes")
        return sqlite(directory / found["path"]) + (found["query"] or "")
    raise ValueError(CHOICES)


def sqlite(file: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite+aiosqlite:///{file.absolute()}"
