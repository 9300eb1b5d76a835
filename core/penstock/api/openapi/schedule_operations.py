"""The routes of the OpenAPI document that are about schedules."""

from __future__ import annotations

from functools import partial

from penstock.api.openapi.components import reference
from penstock.api.openapi.parts import (
    Operation,
    accepted,
    described,
    json_body,
    path_parameter,
    problems,
    success,
)


def schedule_paths() -> dict[str, dict[str, Operation]]:
    """What can be done with schedules."""
    name = path_parameter("name", {"type": "string"})
    schedule = success(reference("ScheduleView"))
    terms = json_body(reference("ScheduleTerms"), required=True)
    operation = partial(
        described,
        tags=["schedules"],
        parameters=[name],
        responses=schedule | problems(401, 404, 503),
    )
    made = success(reference("ScheduleView"), status=201, description="The schedule is made")
    return {
        "/api/schedules": {
            "get": {
                "operationId": "listSchedules",
                "summary": "All schedules, by name",
                "tags": ["schedules"],
                "responses": success({"type": "array", "items": reference("ScheduleView")})
                | problems(401, 503),
            },
            "post": {
                "operationId": "createSchedule",
                "summary": "Make a schedule",
                "description": "Each instant makes one task at most, however many processes there "
                "are, and none is left out while one of them is up.",
                "tags": ["schedules"],
                "requestBody": terms,
                "responses": made | problems(400, 401, 409, 413, 415, 422, 503),
            },
        },
        "/api/schedules/{name}": {
            "get": operation("showSchedule", "One schedule"),
            "put": operation(
                "replaceSchedule",
                "Say anew what a schedule does, and when",
                "One that a plugin declares is changed there: 409.",
                requestBody=terms,
                responses=schedule | problems(400, 401, 404, 409, 413, 415, 422, 503),
            ),
            "delete": operation(
                "deleteSchedule",
                "Remove a schedule",
                "The tasks that it made stay. One that a plugin declares can be paused instead: "
                "409.",
                responses=schedule | problems(401, 404, 409, 503),
            ),
        },
        "/api/schedules/{name}/pause": {
            "post": operation(
                "pauseSchedule",
                "Let it make no tasks",
                "Instants meanwhile make none later either.",
            )
        },
        "/api/schedules/{name}/resume": {
            "post": operation("resumeSchedule", "Go on with the next instant")
        },
        "/api/schedules/{name}/run": {
            "post": operation(
                "runSchedule",
                "Submit its task now",
                "Whether it is paused or not; its instants stay as they are.",
                responses=accepted() | problems(401, 404, 422, 429, 503),
            )
        },
    }
