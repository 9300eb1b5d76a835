"""What operators say of queues at run time: a row for each queue and knob.

Values are texts, as one would write them into a variable; what they mean, and whether they may be
said, is known to :mod:`penstock.dispatch.policies`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from penstock.ledger.database import Database
from penstock.ledger.errors import repeated_if_cut
from penstock.ledger.models import SettingOverride


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody says of a queue, and when."""

    queue: str
    knob: str
    value: str
    changed_by: str
    changed_at: datetime


class Overrides:
    """Reads and writes of ``setting_override``.

    Both methods raise :class:`~penstock.ledger.errors.LedgerUnavailableError` if the database is
    away, and are safe to repeat.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @repeated_if_cut
    async def all(self) -> Sequence[Override]:
        """Everything that is said, by queue and knob."""
        table = SettingOverride.__table__
        statement = select(table).order_by(table.c.queue, table.c.knob)
        async with self._database.read("read the settings of queues") as connection:
            rows = (await connection.execute(statement)).all()
        return [Override(**row._mapping) for row in rows]  # noqa: SLF001  (its public name)

    @repeated_if_cut
    async def write(self, queue: str, values: Mapping[str, str | None], *, by: str) -> None:
        """Say ``values`` of a queue, by knob, all of them or none; ``None`` takes one back."""
        dialect = postgresql if self._database.dialect == "postgresql" else sqlite
        async with self._database.write("write the settings of a queue") as connection:
            # In one order, so that two writers never wait for each other.
            for knob, value in sorted(values.items()):
                if value is None:
                    mine = SettingOverride.queue == queue, SettingOverride.knob == knob
                    await connection.execute(delete(SettingOverride).where(*mine))
                    continue
                said = {"value": value, "changed_by": by, "changed_at": datetime.now(UTC)}
                new = dialect.insert(SettingOverride).values(queue=queue, knob=knob, **said)
                await connection.execute(
                    new.on_conflict_do_update(
                        index_elements=[SettingOverride.queue, SettingOverride.knob], set_=said
                    )
                )
