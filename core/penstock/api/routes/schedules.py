"""Schedules: tasks that are submitted again and again."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from litestar import Request, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from penstock.api.access import Principal
from penstock.api.idempotency import refuse_key
from penstock.api.input_faults import invalid_input
from penstock.api.json_body import read_object
from penstock.api.schedule_terms import read_schedule
from penstock.api.views import ScheduleView, Success, TaskView
from penstock.dispatch import InvalidInputError, ScheduleControl
from penstock.ledger.schedules import ScheduleRecord
from penstock.plugins import Catalogue

_NAMED = "/api/schedules/{name:str}"


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
        with _of_type(terms.type, catalogue):
            record = await schedule_control.create(name, terms, by=principal.name)
        return Response(
            shown(record), status_code=201, headers={"Location": f"/api/schedules/{name}"}
        )

    @get(_NAMED)
    async def show_schedule(
        name: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[ScheduleView]:
        """One schedule."""
        return shown(await schedule_control.show(name))

    @put(_NAMED)
    async def replace_schedule(
        request: Request[Any, Any, Any],
        name: FromPath[str],
        principal: NamedDependency[Principal],
    ) -> Success[ScheduleView]:
        """Say anew what a schedule does, and when."""
        _, terms = read_schedule(await read_object(request), catalogue, name=name)
        with _of_type(terms.type, catalogue):
            return shown(await schedule_control.replace(name, terms))

    @delete(_NAMED, status_code=200)
    async def delete_schedule(
        name: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[ScheduleView]:
        """Remove a schedule; the answer shows it once more."""
        return shown(await schedule_control.delete(name))

    return [
        list_schedules,
        create_schedule,
        show_schedule,
        replace_schedule,
        delete_schedule,
        *_switches(schedule_control, shown),
        _run_route(schedule_control, catalogue),
    ]


def _switches(
    schedule_control: ScheduleControl, shown: Callable[[ScheduleRecord], Success[ScheduleView]]
) -> Sequence[HTTPRouteHandler]:
    @post(f"{_NAMED}/pause", status_code=200)
    async def pause_schedule(
        name: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[ScheduleView]:
        """Let it make no tasks."""
        return shown(await schedule_control.pause(name, by=principal.name))

    @post(f"{_NAMED}/resume", status_code=200)
    async def resume_schedule(
        name: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[ScheduleView]:
        """Go on with the next instant."""
        return shown(await schedule_control.resume(name, by=principal.name))

    return [pause_schedule, resume_schedule]


def _run_route(schedule_control: ScheduleControl, catalogue: Catalogue) -> HTTPRouteHandler:
    @post(f"{_NAMED}/run", status_code=202)
    async def run_schedule(
        request: Request[Any, Any, Any], name: FromPath[str], principal: NamedDependency[Principal]
    ) -> Response[Success[TaskView]]:
        """Submit its task now."""
        refuse_key(request)
        found = await schedule_control.show(name)
        # It fitted when the schedule was made; the plugin may have changed since.
        with _of_type(found.terms.type, catalogue):
            record = await schedule_control.run(name)
        return Response(
            Success(data=TaskView.of(record)),
            status_code=202,
            headers={"Location": f"/api/queues/tasks/{record.id}"},
        )

    return run_schedule


@contextmanager
def _of_type(type_name: str, catalogue: Catalogue) -> Iterator[None]:
    """What is wrong with an input is told in the words of the request."""
    try:
        yield
    except InvalidInputError as error:
        raise invalid_input(error, catalogue.task_type(type_name)) from error
