"""Who does what only one process at a time should do.

A row with an expiry. It saves work and is never needed for correctness: clocks may differ, and two
processes may both think that they lead for a while.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from penstock.ledger.database import Database
from penstock.ledger.models import Leader


class Leadership:
    """One process' candidature for ``name``.

    Args:
        database: the ledger's.
        name: what is led.
        holder: this process, told apart from all others.
        term: how long nobody else leads after the leader was last heard of.
    """

    def __init__(self, database: Database, *, name: str, holder: str, term: timedelta) -> None:
        self._database = database
        self._name = name
        self._holder = holder
        self._term = term
        self.held = False
        """Whether this process led when it was last asked."""

    async def acquire(self) -> bool:
        """Lead, or go on leading, unless somebody else does.

        Raises:
            LedgerUnavailableError: the database is away.
        """
        now = datetime.now(UTC)
        self.held = self.held or not await self._is_taken(now)
        if self.held:
            self.held = await self._write(now)
        return self.held

    async def release(self) -> None:
        """Let somebody else lead at once.

        Raises:
            LedgerUnavailableError: the database is away.
        """
        if self.held:
            self.held = False
            mine = delete(Leader).where(Leader.name == self._name, Leader.holder == self._holder)
            async with self._database.write("resign leadership") as connection:
                await connection.execute(mine)

    async def _is_taken(self, now: datetime) -> bool:
        # Read first: of many processes all but one only ever ask.
        statement = select(Leader.holder).where(Leader.name == self._name, Leader.expires_at > now)
        async with self._database.read("look who leads") as connection:
            return (await connection.execute(statement)).first() is not None

    async def _write(self, now: datetime) -> bool:
        dialect = postgresql if self._database.dialect == "postgresql" else sqlite
        new = dialect.insert(Leader).values(
            name=self._name, holder=self._holder, expires_at=now + self._term
        )
        statement = new.on_conflict_do_update(
            index_elements=[Leader.name],
            set_={"holder": new.excluded.holder, "expires_at": new.excluded.expires_at},
            where=(Leader.holder == self._holder) | (Leader.expires_at <= now),
        ).returning(Leader.holder)
        async with self._database.write("lead") as connection:
            return (await connection.execute(statement)).first() is not None
