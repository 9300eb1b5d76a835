"""Whose the database is: one installation's, which its namespace in Redis tells from others.

Each installation puts all open rows in line, in its own namespace. Two of them in one database
would run each other's tasks, some of them twice at once.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from penstock.ledger.database import Database
from penstock.ledger.errors import ForeignDatabaseError, repeated_if_cut
from penstock.ledger.models import OwnerRow

_THE_ONE = 1
_OWNER = select(OwnerRow.namespace)


class Ownership:
    """What one process says of it.

    Every method raises :class:`~penstock.ledger.LedgerUnavailableError` if the database is away.

    Args:
        database: the ledger's.
        namespace: the one that this process uses in Redis.
    """

    def __init__(self, database: Database, *, namespace: str) -> None:
        self._database = database
        self._namespace = namespace
        self._is_settled = False

    @repeated_if_cut
    async def require(self) -> None:
        """Find the database to be this namespace's; if it was nobody's, it is from now on.

        Once that was found, it is asked no more.

        Raises:
            ForeignDatabaseError: it is another one's.
        """
        if self._is_settled:
            return
        dialect = postgresql if self._database.dialect == "postgresql" else sqlite
        values = {"id": _THE_ONE, "namespace": self._namespace, "since": datetime.now(UTC)}
        first = dialect.insert(OwnerRow).values(values).on_conflict_do_nothing()
        found = await self.owner()
        if found is None:
            async with self._database.write("note whose it is") as connection:
                await connection.execute(first)
                found = (await connection.execute(_OWNER)).scalar_one()
        if found != self._namespace:
            raise ForeignDatabaseError(owner=found, namespace=self._namespace)
        self._is_settled = True

    async def owner(self) -> str | None:
        """The namespace whose it is, if it is anybody's."""
        async with self._database.read("look whose it is") as connection:
            return (await connection.execute(_OWNER)).scalar_one_or_none()

    async def take(self) -> None:
        """Make the database this namespace's, whoever's it was."""
        dialect = postgresql if self._database.dialect == "postgresql" else sqlite
        values = {"namespace": self._namespace, "since": datetime.now(UTC)}
        mine = dialect.insert(OwnerRow).values(id=_THE_ONE, **values)
        statement = mine.on_conflict_do_update(index_elements=[OwnerRow.id], set_=values)
        async with self._database.write("note whose it is") as connection:
            await connection.execute(statement)
