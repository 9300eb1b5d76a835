"""`penstock task watch` and `penstock task log`, over HTTP."""

import json
from datetime import timedelta

from penstock.cli.client import ApiClient
from tests.unit.cli.scripted_api import TASK_ID, interrupted, problem, sent, success, task

ENDED = ("status", task("success"), None)
EVENTS = f"GET /api/queues/tasks/{TASK_ID}/events"
LOG = f"GET /api/queues/tasks/{TASK_ID}/log"


def line(number, message="hello", **fields):
    return {
        "id": f"01936f2e-0000-7000-8000-{number:012}",
        "run": 1,
        "at": "2026-11-23T10:00:00.123Z",
        "level": "info",
        "message": message,
        "fields": fields,
    }


def test_text_goes_to_standard_output_and_everything_else_beside_it(run, api):
    api.on(
        EVENTS,
        sent(
            ("status", task("running"), None),
            ("progress", {"run": 1, "progress": 50.0, "message": "half"}, "1-0"),
            ("delta", {"run": 1, "text": "Hello, "}, "2-0"),
            ("delta", {"run": 1, "text": "you"}, "3-0"),
            ("log", line(1, pages=3), "4-0"),
            ("status", task("success"), None),
        ),
    )

    done = run("task", "watch", TASK_ID)

    assert done.exit_code == 0, done.output
    assert done.stdout == "Hello, you\n"
    assert "50 % half" in done.stderr
    assert "2026-11-23 10:00:00 info     hello pages=3" in done.stderr
    assert f"ai.document {TASK_ID} is success" in done.stderr


def test_a_lost_connection_is_made_anew_behind_the_last_event(run, api):
    api.on(
        EVENTS,
        sent(("status", task("running"), None), ("delta", {"run": 1, "text": "a"}, "7-1")),
        problem(503, "A service that this needs is not available"),
        sent(("delta", {"run": 1, "text": "b"}, "8-0"), ("status", task("failed"), None)),
    )

    done = run("task", "watch", TASK_ID)

    assert done.exit_code == 1
    assert done.stdout == "ab\n"
    assert [each[2].get("Last-Event-ID") for each in api.requests] == [None, "7-1", "7-1"]


def test_a_quiet_task_is_followed_through_a_restart_of_the_api(run, api, monkeypatch):
    # However long nothing was said: patience begins with the first failure.
    monkeypatch.setattr("penstock.cli.patience._LIMIT", timedelta(0))
    monkeypatch.setattr("penstock.cli.following._PAUSE", timedelta(0))
    away = problem(503, "A service that this needs is not available")
    running = sent(("status", task("running"), None))
    api.on(EVENTS, away, running, away, sent(ENDED), away)

    assert run("task", "watch", TASK_ID).exit_code == 0
    gone = run("task", "watch", TASK_ID)

    assert gone.exit_code == 1
    assert "A service that this needs is not available" in gone.stderr


def test_who_stops_following_leaves_the_task_alone_and_is_told_how_to_go_on(run, api, monkeypatch):
    api.on(LOG, success([]))
    monkeypatch.setattr(ApiClient, "events", interrupted)
    for command in (("watch", TASK_ID), ("log", TASK_ID, "--follow")):
        stopped = run("task", *command)

        assert stopped.exit_code == 130
        assert f"penstock task watch {TASK_ID}" in stopped.stderr
        assert f"penstock task cancel {TASK_ID}" in stopped.stderr
    assert [each[0] for each in api.requests] == ["GET"]


def test_programs_get_a_line_of_json_per_event(run, api):
    api.on(EVENTS, sent(("gap", {}, None), ("status", task("success"), None)))

    done = run("task", "watch", TASK_ID, "--json")

    lines = [json.loads(each) for each in done.stdout.splitlines()]
    assert [each["event"] for each in lines] == ["gap", "status"]
    assert lines[1]["data"] == task("success")


def test_a_task_that_is_not_there_is_not_watched(run, api):
    api.on(EVENTS, problem(404, "There is no such task"))

    done = run("task", "watch", TASK_ID)

    assert done.exit_code == 1
    assert "There is no such task" in done.stderr


def test_a_log_is_read_page_by_page_and_followed_without_twins(run, api):
    api.on(LOG, success([line(1), line(2)], next="behind-2"))
    api.on(f"{LOG}?cursor=behind-2", success([line(3)], next="behind-3"))
    api.on(f"{LOG}?cursor=behind-3", success([], next="behind-3"))
    api.on(
        EVENTS,
        sent(
            ("log", line(3), "1-0"),
            ("log", line(4, "new"), "2-0"),
            ("status", task("success"), None),
        ),
    )

    shown = run("task", "log", TASK_ID)
    followed = run("task", "log", TASK_ID, "--follow", "--json")

    assert shown.exit_code == followed.exit_code == 0, shown.output + followed.output
    assert len(shown.stdout.splitlines()) == 3
    assert [json.loads(each)["id"] for each in followed.stdout.splitlines()] == [
        line(number)["id"] for number in (1, 2, 3, 4)
    ]
