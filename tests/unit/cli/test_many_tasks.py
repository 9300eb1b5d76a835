"""`penstock task list`, and cancelling and retrying many, over HTTP."""

import json

from tests.unit.cli.scripted_api import TASK_ID, problem, success, task

OTHER_ID = "01936f2e-0000-7000-8000-000000000002"
LIST = "GET /api/queues/tasks"
CANCEL = "POST /api/queues/tasks/cancel"
RETRY = "POST /api/queues/tasks/retry"


def page(*tasks, following=None):
    document = {"success": True, "data": list(tasks), "next": following}
    return 200, "application/json", json.dumps(document).encode()


def summary(status="pending", **more):
    found = task(status, **more)
    del found["input"], found["result"]
    return found


def done(changed=0, unchanged=0, not_found=0, tasks=(), following=None):
    counts = {"changed": changed, "unchanged": unchanged, "not_found": not_found}
    return success({**counts, "tasks": list(tasks), "next": following})


def bodies(api):
    return [json.loads(body) for method, _, _, body in api.requests if method == "POST"]


def test_people_see_a_table(run, api):
    error = {"code": "boom", "message": "[red]as it is[/red]", "type": "E"}
    api.on(f"{LIST}?status=failed&queue=ai&limit=50", page(summary("failed", error=error)))

    found = run("task", "list", "--status", "failed", "--queue", "ai")

    assert found.exit_code == 0, found.output
    assert TASK_ID in found.stdout
    assert "2026-11-23T10:00:00" in found.stdout
    assert "boom: [red]" in found.stdout
    assert found.stderr == ""


def test_programs_see_the_documents_of_all_pages(run, api):
    first, second = summary("failed", new=1), summary("success", id=OTHER_ID)
    api.on(f"{LIST}?limit=500", page(first, following="abc"))
    api.on(f"{LIST}?limit=500&cursor=abc", page(second))

    found = run("task", "list", "--limit", "700", "--json")

    assert json.loads(found.stdout) == [first, second]


def test_a_list_that_is_cut_says_so(run, api):
    api.on(f"{LIST}?limit=1", page(summary(), following="abc"))

    assert "there are more" in run("task", "list", "--limit", "1").stderr


def test_a_filter_that_is_refused_is_a_problem(run, api):
    api.on(f"{LIST}?status=faild&limit=50", problem(422, "Not valid", "did you mean 'failed'?"))

    found = run("task", "list", "--status", "faild")

    assert found.exit_code == 1
    assert "did you mean 'failed'?" in found.stderr


def test_several_tasks_are_cancelled_by_their_ids(run, api):
    tasks = [
        {"id": TASK_ID, "outcome": "changed", "status": "cancelled"},
        {"id": OTHER_ID, "outcome": "unchanged", "status": "success"},
    ]
    api.on(CANCEL, done(1, 1, tasks=tasks))

    found = run("task", "cancel", TASK_ID, OTHER_ID, "--reason", "late")

    assert found.exit_code == 1
    assert bodies(api) == [{"ids": [TASK_ID, OTHER_ID], "reason": "late"}]
    assert f"task {OTHER_ID} stays as it is: it is success" in found.stderr
    assert "1 tasks are cancelled" in found.stderr


def test_what_a_filter_finds_is_counted_before_it_is_changed(run, api):
    api.on(f"{LIST}?status=failed%2Ccancelled&queue=ai&limit=500", page(summary(), summary()))
    api.on(RETRY, done(1, following="abc"), done(1))

    found = run("task", "retry", "--queue", "ai", "--yes", "--json")

    assert found.exit_code == 0, found.output
    assert "2 tasks are meant" in found.stderr
    assert bodies(api) == [
        {"filter": {"queue": "ai"}},
        {"filter": {"queue": "ai"}, "cursor": "abc"},
    ]
    assert json.loads(found.stdout)["changed"] == 2


def test_nothing_is_changed_without_a_yes(run, api):
    api.on(f"{LIST}?status=pending%2Crunning&queue=ai&limit=500", page(summary()))

    found = run("task", "cancel", "--queue", "ai")

    assert found.exit_code == 1
    assert bodies(api) == []


def test_who_names_ids_and_filters_or_neither_is_told(run, api):
    assert run("task", "cancel").exit_code == 2
    assert run("task", "cancel", TASK_ID, "--queue", "ai").exit_code == 2
    assert run("task", "retry", TASK_ID, OTHER_ID, "--wait").exit_code == 2
    assert api.requests == []
