"""Schedules: tasks that are submitted again and again."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from penstock.api.access import Principal
from penstock.api.input_faults import invalid_input
from penstock.api.json_body import read_object
from penstock.api.schedule_terms import read_schedule
from penstock.api.views import ScheduleView, Success, TaskView
from penstock.dispatch import InvalidInputError, ScheduleControl
from penstock.ledger.schedules import ScheduleRecord
from penstock.plugins import Catalogue


def schedule_routes(
    *, schedule_control: ScheduleControl, catalogue: Catalogue
) -> Sequence[HTTPRouteHandler]:
    """``/api/schedules`` and ``/api/schedules/{name}`` with what can be done to it."""

    def shown(record: ScheduleRecord) -> Success[ScheduleView]:
        return Success(data=ScheduleView.of(record, catalogue))

    @get("/api/schedules")
    async def list_schedules(
        principal: NamedDependency[Principal],
    ) -> Success[list[ScheduleView]]:
        """All schedules, by name."""
        found = await schedule_control.list()
        return Success(data=[ScheduleView.of(each, catalogue) for each in found])

    @post("/api/schedules", status_code=201)
    async def create_schedule(
        request: Request[Any, Any, Any], principal: NamedDependency[Principal]
    ) -> Response[Success[ScheduleView]]:
        """Make a schedule; it is stored when the answer is sent."""
        name, terms = read_schedule(await read_object(request), catalogue)
        try:
            record = await schedule_control.create(name, terms, by=principal.name)
        except InvalidInputError as error:
            raise invalid_input(error, catalogue.task_type(terms.type)) from error
        return Response(
            shown(record), status_code=201, headers={"Location": f"/api/schedules/{name}"}
        )

    @get("/api/schedules/{name:str}")
    async def show_schedule(
        name: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[ScheduleView]:
        """One schedule."""
        return shown(await schedule_control.show(name))

    @put("/api/schedules/{name:str}")
    async def replace_schedule(
        request: Request[Any, Any, Any],
        name: FromPath[str],
        principal: NamedDependency[Principal],
    ) -> Success[ScheduleView]:
        """Say anew what a schedule does, and when."""
        _, terms = read_schedule(await read_object(request), catalogue, name=name)
        try:
            return shown(await schedule_control.replace(name, terms))
        except InvalidInputError as error:
            raise invalid_input(error, catalogue.task_type(terms.type)) from error

    @delete("/api/schedules/{name:str}", status_code=200)
    async def delete_schedule(
        name: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[ScheduleView]:
        """Remove a schedule; the answer shows it once more."""
        return shown(await schedule_control.delete(name))

    @post("/api/schedules/{name:str}/pause", status_code=200)
    async def pause_schedule(
        name: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[ScheduleView]:
        """Let it make no tasks."""
        return shown(await schedule_control.pause(name, by=principal.name))

    @post("/api/schedules/{name:str}/resume", status_code=200)
    async def resume_schedule(
        name: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[ScheduleView]:
        """Go on with the next instant."""
        return shown(await schedule_control.resume(name, by=principal.name))

    @post("/api/schedules/{name:str}/run", status_code=202)
    async def run_schedule(
        name: FromPath[str], principal: NamedDependency[Principal]
    ) -> Response[Success[TaskView]]:
        """Submit its task now."""
        try:
            record = await schedule_control.run(name)
        except InvalidInputError as error:
            # It fitted when the schedule was made: the plugin has changed since.
            found = await schedule_control.show(name)
            raise invalid_input(error, catalogue.task_type(found.terms.type)) from error
        return Response(
            Success(data=TaskView.of(record)),
            status_code=202,
            headers={"Location": f"/api/queues/tasks/{record.id}"},
        )

    return [
        list_schedules,
        create_schedule,
        show_schedule,
        replace_schedule,
        delete_schedule,
        pause_schedule,
        resume_schedule,
        run_schedule,
    ]
