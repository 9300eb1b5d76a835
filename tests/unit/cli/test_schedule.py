"""``penstock schedule``, against an API that answers as written."""

import json
from typing import Any

import pytest

from tests.unit.cli.scripted_api import TASK_ID, problem, success, task

NIGHTLY: dict[str, Any] = {
    "name": "acme.nightly",
    "source": "api",
    "state": "active",
    "problem": None,
    "type": "ai.document",
    "input": {},
    "cron": "0 3 * * *",
    "every_seconds": None,
    "timezone": "Europe/Zurich",
    "misfire": "skip",
    "misfire_grace_seconds": 60,
    "priority": "normal",
    "user_id": None,
    "paused_by": None,
    "next_run_at": "2026-11-27T02:00:00Z",
    "last_run_at": None,
    "last_task_id": None,
    "created_by": "api-key",
    "created_at": "2026-11-26T10:00:00Z",
    "updated_at": "2026-11-26T10:00:00Z",
}
TICK = NIGHTLY | {"name": "acme.tick", "cron": None, "every_seconds": 90, "state": "paused"}


def test_the_list_shows_when_each_runs_next(run, api):
    api.on("GET /api/schedules", success([NIGHTLY, TICK]))

    shown = run("schedule", "list", COLUMNS="200")

    assert shown.exit_code == 0, shown.output
    nightly, tick = shown.stdout.splitlines()[1:]
    assert "0 3 * * * (Europe/Zurich)" in " ".join(nightly.split())
    assert ("every 0:01:30" in tick, "paused" in tick) == (True, True)
    assert json.loads(run("schedule", "list", "--json").stdout) == [NIGHTLY, TICK]


def test_one_is_shown_with_what_is_wrong(run, api):
    wrong = NIGHTLY | {"problem": "queue 'ai' is full", "last_task_id": TASK_ID}
    api.on("GET /api/schedules/acme.nightly", success(wrong))

    shown = run("schedule", "show", "acme.nightly")

    assert "queue 'ai' is full" in shown.stdout
    assert TASK_ID in shown.stdout


def test_what_is_said_is_sent_and_nothing_else(run, api):
    api.on("POST /api/schedules", success(NIGHTLY, 201))

    made = run(
        *("schedule", "create", "acme.nightly", "ai.document", "--input", '{"markdown": "# Hi"}'),
        *("--cron", "0 3 * * *", "--timezone", "Europe/Zurich", "--misfire-grace", "5m"),
        *("--priority", "high"),
    )

    assert made.exit_code == 0, made.output
    assert json.loads(api.requests[0][3]) == {
        "name": "acme.nightly",
        "type": "ai.document",
        "input": {"markdown": "# Hi"},
        "cron": "0 3 * * *",
        "timezone": "Europe/Zurich",
        "misfire_grace_seconds": 300,
        "priority": "high",
    }


@pytest.mark.parametrize("what", ["pause", "resume"])
def test_a_schedule_is_switched(run, api, what):
    api.on(f"POST /api/schedules/acme.nightly/{what}", success(NIGHTLY))

    assert run("schedule", what, "acme.nightly").exit_code == 0


def test_run_prints_the_task(run, api):
    api.on("POST /api/schedules/acme.nightly/run", success(task(), 202))

    shown = run("schedule", "run", "acme.nightly")

    assert shown.stdout == f"accepted {TASK_ID}\n"


def test_deleting_asks_first(run, api):
    api.on("DELETE /api/schedules/acme.nightly", success(NIGHTLY))

    assert run("schedule", "delete", "acme.nightly", stdin="n\n").exit_code == 1
    assert api.requests == []
    assert run("schedule", "delete", "acme.nightly", "--yes").exit_code == 0


def test_a_refusal_is_told_with_its_remedy(run, api):
    fault = {"field": "$.cron", "message": "bad minute", "remedy": "send five fields"}
    api.on("POST /api/schedules", problem(422, "Not valid", errors=[fault]))

    refused = run("schedule", "create", "a", "ai.document", "-i", "{}", "--cron", "61 * * * *")

    assert refused.exit_code == 1
    assert "$.cron: bad minute" in refused.stderr
    assert "send five fields" in refused.stderr
