"""What an operator and the API do with schedules."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from uuid_utils.compat import uuid7

from penstock.declarations import Priority
from penstock.dispatch import inputs
from penstock.dispatch.dispatch import Dispatch
from penstock.dispatch.errors import (
    ScheduleDeclaredError,
    ScheduleExistsError,
    UnknownScheduleError,
)
from penstock.dispatch.policies import Policies
from penstock.dispatch.submission import Submission
from penstock.engine import Engine, EngineUnavailableError
from penstock.ledger import TaskRecord
from penstock.ledger.schedules import FROM_API, ScheduleRecord, Schedules, ScheduleTerms

_log = logging.getLogger(__name__)


class ScheduleControl:
    """Shows, makes and changes schedules.

    Every method that names one raises :class:`~penstock.dispatch.UnknownScheduleError` if there is
    none, and all of them :class:`~penstock.ledger.LedgerUnavailableError` if the database is away.
    A change is committed on return; all processes hear of it at once, or within seconds if Redis is
    away.
    """

    def __init__(
        self, *, schedules: Schedules, dispatch: Dispatch, policies: Policies, engine: Engine
    ) -> None:
        self._schedules = schedules
        self._dispatch = dispatch
        self._policies = policies
        self._engine = engine

    async def list(self) -> list[ScheduleRecord]:
        """All of them, by name."""
        return await self._schedules.all()

    async def show(self, name: str) -> ScheduleRecord:
        """One of them."""
        found = await self._schedules.find(name)
        if found is None:
            known = [each.name for each in await self._schedules.all()]
            raise UnknownScheduleError(name, known)
        return found

    async def create(self, name: str, terms: ScheduleTerms, *, by: str) -> ScheduleRecord:
        """Make a schedule; its first instant is the next one from now.

        Raises:
            ScheduleExistsError: the name is taken.
            UnknownTaskTypeError: with the nearest known name.
            InvalidInputError: the input does not fit the task type.
        """
        self._check(terms)
        now = datetime.now(UTC)
        record = ScheduleRecord(
            id=uuid7(),
            name=name,
            source=FROM_API,
            terms=terms,
            next_run_at=terms.recurrence.next_after(now),
            created_by=by,
            created_at=now,
            updated_at=now,
        )
        if not await self._schedules.add(record):
            raise ScheduleExistsError(name)
        return await self._announced(name)

    async def replace(self, name: str, terms: ScheduleTerms) -> ScheduleRecord:
        """Say anew what a schedule does, and when; its next instant is the next one from now.

        Raises:
            ScheduleDeclaredError: a plugin says it.
            UnknownTaskTypeError: with the nearest known name.
            InvalidInputError: the input does not fit the task type.
        """
        found = await self.show(name)
        if found.source != FROM_API:
            raise ScheduleDeclaredError(name, found.source, what="changed")
        self._check(terms)
        next_run_at = terms.recurrence.next_after(datetime.now(UTC))
        return await self._change(found, terms=terms, next_run_at=next_run_at, problem=None)

    async def delete(self, name: str) -> ScheduleRecord:
        """Remove a schedule; returns it. The tasks that it made stay.

        Raises:
            ScheduleDeclaredError: a plugin declares it, and would bring it back.
        """
        found = await self.show(name)
        if found.source != FROM_API and found.withdrawn is None:
            raise ScheduleDeclaredError(name, found.source, what="deleted")
        await self._schedules.delete(found.id)
        return found

    async def pause(self, name: str, *, by: str) -> ScheduleRecord:
        """Let no instant make a task until it is resumed; those meanwhile make none later."""
        found = await self.show(name)
        if found.paused_by is not None:
            return found
        _log.warning("schedule %r is paused (by %s)", name, by)
        return await self._change(found, paused_by=by)

    async def resume(self, name: str, *, by: str) -> ScheduleRecord:
        """Go on with the next instant from now."""
        found = await self.show(name)
        if found.paused_by is None:
            return found
        _log.warning("schedule %r goes on (by %s)", name, by)
        next_run_at = found.terms.recurrence.next_after(datetime.now(UTC))
        return await self._change(found, paused_by=None, next_run_at=next_run_at)

    async def run(self, name: str) -> TaskRecord:
        """Submit its task now, paused or not; its instants stay as they are.

        Raises:
            PenstockError: what :meth:`~penstock.dispatch.Dispatch.submit` raises.
        """
        found = await self.show(name)
        terms = found.terms
        record = await self._dispatch.submit(
            Submission(
                terms.type,
                terms.input,
                priority=Priority(terms.priority),
                user_id=terms.user_id,
                # As at an instant, whether an earlier one has ended or not.
                unique=False,
            )
        )
        await self._schedules.change(
            found.id, last_run_at=record.created_at, last_task_id=record.id
        )
        return record

    def _check(self, terms: ScheduleTerms) -> None:
        task_type = self._policies.catalogue.task_type(terms.type)
        inputs.decode(task_type, terms.input)
        if terms.user_id is not None:
            inputs.check_user_id(terms.user_id)

    async def _change(self, found: ScheduleRecord, **values: Any) -> ScheduleRecord:
        await self._schedules.change(found.id, **values)
        return await self._announced(found.name)

    async def _announced(self, name: str) -> ScheduleRecord:
        """Tell everybody that a schedule has changed; returns it."""
        try:
            await self._engine.announce_policies()
        except EngineUnavailableError as error:
            _log.warning("schedule %r: others hear of its change later: %s", name, error)
        return await self.show(name)
