"""The hand-tuned statements: one folder a dialect, one file a statement, the same names in each."""

from collections.abc import Sequence
from importlib.resources import files
from typing import NamedTuple

from sqlalchemy import TextClause, text
from sqlalchemy.dialects.postgresql import asyncpg


def query(dialect: str, name: str) -> TextClause:
    """The statement ``name`` for ``dialect`` (``postgresql`` or ``sqlite``)."""
    return text(files(__name__).joinpath(dialect, f"{name}.sql").read_text(encoding="utf-8"))


class DriverQuery(NamedTuple):
    """A statement as asyncpg takes it."""

    text: str
    names: Sequence[str]
    """Of the parameters, in their order."""


def driver_query(name: str) -> DriverQuery:
    """The statement ``name`` for PostgreSQL's driver itself."""
    compiled = query("postgresql", name).compile(dialect=asyncpg.dialect())  # type: ignore[no-untyped-call]
    return DriverQuery(compiled.string, compiled.positiontup or ())
