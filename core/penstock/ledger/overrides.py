"""What operators say of queues, task types and providers at run time: a row for each and knob.

Values are texts, as one would write them into a variable; what they mean, and whether they may be
said, is known to :mod:`penstock.dispatch.policies`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from penstock.ledger.database import Database
from penstock.ledger.errors import LedgerUnavailableError, is_too_long, repeated_if_cut
from penstock.ledger.models import SettingOverride

QUEUE, TASK, PROVIDER = "queue", "task", "provider"
"""The kinds of things of which something can be said."""


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody says, and when: of the queue, task type or provider ``name``."""

    kind: str
    name: str
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
        """Everything that is said, by subject and knob."""
        table = SettingOverride.__table__
        statement = select(table).order_by(table.c.queue, table.c.knob)
        async with self._database.read("read what operators say") as connection:
            rows = (await connection.execute(statement)).all()
        return [_override(**row._mapping) for row in rows]  # noqa: SLF001  (its public name)

    @repeated_if_cut
    async def write(
        self, kind: str, name: str, values: Mapping[str, str | None], *, by: str
    ) -> None:
        """Say ``values`` of something, by knob, all of them or none; ``None`` takes one back.

        Args:
            kind: :data:`QUEUE`, :data:`TASK` or :data:`PROVIDER`.
            name: which one.
            values: as one would write them into variables.
            by: who says it.
        """
        subject = name if kind == QUEUE else f"{kind}:{name}"
        try:
            await self._write(subject, values, by=by)
        except DBAPIError as error:
            if not is_too_long(error):
                raise
            # Before version 0013, which new processes may meet during an upgrade.
            message = f"the database has no room yet for {subject!r}; run `penstock db upgrade`"
            raise LedgerUnavailableError(message) from error

    async def _write(self, subject: str, values: Mapping[str, str | None], *, by: str) -> None:
        dialect = postgresql if self._database.dialect == "postgresql" else sqlite
        async with self._database.write("write what an operator says") as connection:
            # In one order, so that two writers never wait for each other.
            for knob, value in sorted(values.items()):
                if value is None:
                    mine = SettingOverride.subject == subject, SettingOverride.knob == knob
                    await connection.execute(delete(SettingOverride).where(*mine))
                    continue
                said = {"value": value, "changed_by": by, "changed_at": datetime.now(UTC)}
                new = dialect.insert(SettingOverride).values(subject=subject, knob=knob, **said)
                await connection.execute(
                    new.on_conflict_do_update(
                        index_elements=[SettingOverride.subject, SettingOverride.knob], set_=said
                    )
                )


def _override(queue: str, **said: str | datetime) -> Override:
    kind, colon, name = queue.partition(":")
    subject = {"kind": kind, "name": name} if colon else {"kind": QUEUE, "name": queue}
    return msgspec.convert(subject | said, Override)
