"""The routes of the OpenAPI document that are about queues."""

from __future__ import annotations

from functools import partial

from penstock.api.openapi.components import reference
from penstock.api.openapi.parts import (
    Operation,
    described,
    json_body,
    path_parameter,
    problems,
    success,
)
from penstock.api.openapi.policies import policy_values


def queue_paths() -> dict[str, dict[str, Operation]]:
    """What an operator sees and changes of queues."""
    queue = path_parameter("queue", {"type": "string"})
    policy = success(reference("QueuePolicy"))
    operation = partial(
        described,
        tags=["queues"],
        parameters=[queue],
        responses=policy | problems(401, 404, 503),
    )
    values = policy_values({"concurrency": 8, "rate_limit": "10/1s", "max_waiting": None})
    before = {"type": ["string", "null"], "format": "date-time"}
    purge = {"type": "object", "properties": {"before": before}, "additionalProperties": False}
    refused = problems(400, 401, 404, 413, 415, 422, 503)
    return {
        "/api/queues/status": {
            "get": {
                "operationId": "queueStatus",
                "summary": "The queues at a glance",
                "description": "`waiting`, `active`, `delayed`, `parked` and `workers` are "
                "now; the others count all tasks that ever ended so.",
                "tags": ["queues"],
                "responses": success(
                    {"type": "object", "additionalProperties": reference("QueueStatus")}
                )
                | problems(401, 503),
            }
        },
        "/api/queues": {
            "get": {
                "operationId": "listQueues",
                "summary": "All queues with what holds for them, and who says so",
                "tags": ["queues"],
                "responses": success({"type": "array", "items": reference("QueuePolicy")})
                | problems(401, 503),
            }
        },
        "/api/queues/{queue}": {
            "get": operation("showQueue", "What holds for a queue, and who says so"),
            "patch": operation(
                "setQueue",
                "Say what shall hold for a queue",
                "By knob, as one would write it into the variable; `null` takes it back. It is "
                "kept, and in force within a second. All of it is taken, or none.",
                requestBody=json_body(values, required=True),
                responses=policy | refused,
            ),
        },
        "/api/queues/{queue}/overrides": {
            "delete": operation("resetQueue", "Take back all that was said of a queue")
        },
        "/api/queues/{queue}/pause": {
            "post": operation(
                "pauseQueue",
                "Let nothing new start",
                "What runs goes on, and new tasks are accepted and wait.",
            )
        },
        "/api/queues/{queue}/resume": {
            "post": operation("resumeQueue", "Let tasks start, and take new ones")
        },
        "/api/queues/{queue}/drain": {
            "post": operation(
                "drainQueue",
                "Take no new tasks",
                "Posting one is a 503; those that are accepted are worked off, also if the queue "
                "was paused.",
            )
        },
        "/api/queues/{queue}/purge": {
            "post": operation(
                "purgeQueue",
                "Cancel what waits",
                "Tasks that were accepted before `before` (now, if it is left out) and do not run. "
                "If it is not `complete`, repeat it with the `before` of the answer.",
                requestBody=json_body(purge),
                responses=success(reference("Purge")) | refused,
            )
        },
    }
