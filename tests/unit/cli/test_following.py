"""`penstock task watch` and `penstock task log`, over HTTP."""

import json

from tests.unit.cli.scripted_api import TASK_ID, problem, success, task

EVENTS = f"GET /api/queues/tasks/{TASK_ID}/events"
LOG = f"GET /api/queues/tasks/{TASK_ID}/log"


def sent(*events):
    """A stream of (event, data, id)."""
    text = "retry: 2000\n\n: nothing new\n\n"
    for kind, data, event_id in events:
        text += f"id: {event_id}\n" if event_id else ""
        text += f"event: {kind}\n"
        text += "".join(f"data: {line}\n" for line in json.dumps(data, indent=1).split("\n"))
        text += "\n"
    return 200, "text/event-stream", text.encode()


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
