"""Writing what plugins declare of schedules into the ledger."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from uuid_utils.compat import uuid7

from penstock.declarations import Schedule
from penstock.ledger.schedules import ScheduleRecord, Schedules, ScheduleTerms
from penstock.plugins import Catalogue, Plugin

_log = logging.getLogger(__name__)


class DeclaredSchedules:
    """The schedules of the plugins that are installed here.

    A new one is inserted, a changed one is written anew: of two versions that run side by side, the
    one that started last counts. One that its plugin declares no longer is *withdrawn*: it is kept
    and shown, and fires no more until it is declared again. Those of a plugin that is not installed
    here, or is quarantined, are left as they are. Whether an operator paused one is theirs alone.
    """

    def __init__(self, schedules: Schedules, catalogue: Catalogue) -> None:
        self._schedules = schedules
        self._catalogue = catalogue

    async def write(self, now: datetime) -> None:
        """Bring the ledger to what is declared; changes nothing where it says so already.

        Raises:
            LedgerUnavailableError: the database is away.
        """
        found = {each.name: each for each in await self._schedules.all()}
        for plugin in self._catalogue.plugins:
            source = source_of(plugin)
            for each in plugin.schedules:
                record = found.get(each.name)
                if record is None:
                    await self._schedules.add(_record(each, plugin, now))
                elif record.source != source:
                    _log.error(
                        "schedule %r of plugin %r is not used: there is one of that name already "
                        "(from %s); delete that one, or rename one of them",
                        each.name,
                        plugin.name,
                        record.source,
                    )
                else:
                    await self._update(record, each, now)
            declared = {each.name for each in plugin.schedules}
            for record in found.values():
                if record.source == source and record.name not in declared:
                    await self._withdraw(record, plugin)

    async def _update(self, record: ScheduleRecord, declared: Schedule, now: datetime) -> None:
        terms = terms_of(declared)
        if record.terms == terms and record.withdrawn is None:
            return
        values: dict[str, Any] = {"terms": terms, "withdrawn": None}
        old = (record.terms.cron, record.terms.every, record.terms.timezone)
        if record.withdrawn is not None or old != (terms.cron, terms.every, terms.timezone):
            values["next_run_at"] = terms.recurrence.next_after(now)
        await self._schedules.change(record.id, **values)
        _log.info("schedule %r is as its plugin declares it now", record.name)

    async def _withdraw(self, record: ScheduleRecord, plugin: Plugin) -> None:
        if record.withdrawn is None:
            reason = f"{plugin.distribution} {plugin.version} declares it no longer"
            await self._schedules.change(record.id, withdrawn=reason)
            _log.warning("schedule %r fires no more: %s", record.name, reason)


def source_of(plugin: Plugin) -> str:
    """The source of the schedules that a plugin declares."""
    return f"plugin:{plugin.name}"


def terms_of(declared: Schedule) -> ScheduleTerms:
    """What a declaration says, as the ledger takes it."""
    return ScheduleTerms(
        type=declared.task_type,
        input=declared.input_text(),
        cron=declared.cron,
        every=declared.every,
        timezone=declared.timezone,
        misfire=declared.misfire,
        misfire_grace=declared.misfire_grace,
        priority=int(declared.priority),
        user_id=declared.user_id,
    )


def _record(declared: Schedule, plugin: Plugin, now: datetime) -> ScheduleRecord:
    terms = terms_of(declared)
    return ScheduleRecord(
        id=uuid7(),
        name=declared.name,
        source=source_of(plugin),
        terms=terms,
        next_run_at=terms.recurrence.next_after(now),
        created_by=f"{plugin.distribution} {plugin.version}",
        created_at=now,
        updated_at=now,
    )
