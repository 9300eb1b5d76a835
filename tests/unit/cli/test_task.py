"""`penstock task`, over HTTP."""

import json

from tests.unit.cli.scripted_api import TASK_ID, problem, sent, success, task

SHOW = f"GET /api/queues/tasks/{TASK_ID}"
EVENTS = f"{SHOW}/events"
LONG = "x" * 300


def test_people_see_status_attempts_and_result_unbroken(run, api):
    api.on(SHOW, success(task("success", attempts=2, result={"text": LONG})))

    done = run("task", "show", TASK_ID)

    assert done.exit_code == 0, done.output
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert f"task {TASK_ID}" in lines
    assert "status success" in lines
    assert "attempts 2 of 3" in lines
    assert f'"text": "{LONG}"' in lines


def test_programs_see_the_document_of_the_api(run, api):
    api.on(SHOW, success(task("running", something_new=1)))

    assert json.loads(run("task", "show", TASK_ID, "--json").stdout) == task(
        "running", something_new=1
    )


def test_a_look_at_a_failed_task_succeeds_but_waiting_for_it_does_not(run, api):
    error = {"code": "boom", "message": "[red]as it is[/red]", "type": "E"}
    api.on(SHOW, success(task("failed", error=error)))

    assert run("task", "show", TASK_ID).exit_code == 0
    waited = run("task", "show", TASK_ID, "--wait")
    assert waited.exit_code == 1
    assert "boom: [red]as it is[/red]" in waited.stderr
    assert "boom: [red]as it is[/red]" in waited.stdout


def test_waiting_follows_a_task_to_its_end(run, api):
    api.on(SHOW, success(task()))
    api.on(EVENTS, sent(("status", task("running"), None)), sent(("status", task("success"), None)))

    done = run("task", "show", TASK_ID, "--wait")

    assert (done.exit_code, "success" in done.stdout) == (0, True)
    assert [each[1].rpartition("/")[2] for each in api.requests] == [TASK_ID, "events", "events"]


def test_an_unknown_task_is_a_problem(run, api):
    api.on(SHOW, problem(404, "There is no such task", TASK_ID))

    done = run("task", "show", TASK_ID, "--wait")

    assert done.exit_code == 1
    assert "There is no such task" in done.stderr


def test_an_id_that_is_none_is_a_usage_error(run, api):
    assert run("task", "show", "17").exit_code == 2
    assert api.requests == []


CANCEL = f"POST /api/queues/tasks/{TASK_ID}/cancel"
RETRY = f"POST /api/queues/tasks/{TASK_ID}/retry"


def test_a_task_is_cancelled_for_a_reason(run, api):
    error = {"code": "cancelled", "message": "cancelled by api-key: too late", "type": ""}
    api.on(CANCEL, success(task("cancelled", error=error)))

    done = run("task", "cancel", TASK_ID, "--reason", "too late")

    assert done.exit_code == 0, done.output
    assert json.loads(api.requests[0][3]) == {"reason": "too late"}
    assert "cancelled by api-key: too late" in done.stdout
    assert done.stderr == ""


def test_who_cancels_a_running_task_hears_that_its_worker_was_told(run, api):
    api.on(CANCEL, success(task("running"), status=202))

    done = run("task", "cancel", TASK_ID)

    assert done.exit_code == 0
    assert json.loads(api.requests[0][3]) == {}
    assert "its worker has been told" in done.stderr


def test_a_task_that_has_ended_is_not_cancelled(run, api):
    api.on(CANCEL, problem(409, "The task's status does not allow this", "it has ended already"))

    done = run("task", "cancel", TASK_ID)

    assert done.exit_code == 1
    assert "it has ended already" in done.stderr


def test_a_failed_task_runs_again_and_is_waited_for(run, api):
    api.on(RETRY, success(task("pending"), status=202))
    api.on(EVENTS, sent(("status", task("running"), None), ("status", task("success"), None)))

    assert "pending" in run("task", "retry", TASK_ID).stdout
    waited = run("task", "retry", TASK_ID, "--wait")

    assert waited.exit_code == 0
    assert "success" in waited.stdout
