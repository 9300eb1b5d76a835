"""Column types that mean the same on PostgreSQL and SQLite, and read well in plain SQL on both."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CHAR, TIMESTAMP, Dialect, String
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

_SQLITE_TIME = "%Y-%m-%d %H:%M:%S.%f"


class Id(TypeDecorator[UUID]):
    """A UUID: native on PostgreSQL, its usual text with dashes on SQLite."""

    impl = CHAR(36)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type on ``dialect``."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.UUID(as_uuid=True))
        return dialect.type_descriptor(CHAR(36))

    def process_bind_param(self, value: UUID | None, dialect: Dialect) -> Any:
        """What is sent to the database."""
        return value if value is None or dialect.name == "postgresql" else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:  # noqa: ARG002
        """What came back from the database."""
        return value if value is None or isinstance(value, UUID) else UUID(value)


class Instant(TypeDecorator[datetime]):
    """A moment in UTC: ``timestamptz`` on PostgreSQL, ``YYYY-MM-DD HH:MM:SS.ffffff`` on SQLite."""

    impl = TIMESTAMP(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type on ``dialect``."""
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(String(26))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """What is sent to the database."""
        if value is None or dialect.name == "postgresql":
            return value
        return sqlite_time(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """What came back from the database."""
        if value is None or isinstance(value, datetime):
            return value
        return datetime.strptime(value, _SQLITE_TIME).replace(tzinfo=UTC)


class Json(UserDefinedType[str]):
    """JSON kept as the text that was written: ``json`` on PostgreSQL, ``text`` on SQLite.

    Encoding and decoding are done once, by msgspec, at the edges; and ``json`` (unlike ``jsonb``)
    keeps the text as it is.
    """

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The type's name in DDL."""
        return "JSON"


@compiles(Json, "sqlite")
def _json_on_sqlite(*_: Any, **__: Any) -> str:
    # A column called JSON has numeric affinity on SQLite: '5' would come back as 5.
    return "TEXT"


def sqlite_time(value: datetime) -> str:
    """``value`` as :class:`Instant` stores it on SQLite; sorts like the time itself."""
    return value.astimezone(UTC).strftime(_SQLITE_TIME)


def first_id_of(moment: datetime) -> UUID:
    """What every UUIDv7 that was made after ``moment`` is larger than (RFC 9562, 5.7)."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)
