"""`penstock batch`, over HTTP."""

import json
from datetime import timedelta
from types import SimpleNamespace

import pytest

from tests.unit.cli.scripted_api import LOST, interrupted, problem, success

BATCH_ID = "01936f2e-0000-7000-8000-0000000000bb"
TASK_ID = "01936f2e-0000-7000-8000-000000000001"
SUBMIT = "POST /api/batches"
SHOW = f"GET /api/batches/{BATCH_ID}"
ADD = f"POST /api/batches/{BATCH_ID}/tasks"
SEAL = f"POST /api/batches/{BATCH_ID}/seal"
TIME = "2026-11-26T10:00:00Z"
A, B = '{"type": "ai.text", "input": {"n": 1.10}}', '{"type": "ai.text", "input": {"n": 2}}'


def batch(total=2, *, sealed=True, finished=False, **more):
    counts = {"pending": total, "running": 0, "success": 0, "failed": 0, "cancelled": 0}
    return {
        "id": BATCH_ID,
        "name": "",
        "user_id": None,
        "total": total,
        "counts": counts | more.pop("counts", {}),
        "progress": 0.0,
        "callback_type": None,
        "callback_task_id": None,
        "created_by": "api-key",
        "created_at": TIME,
        "sealed_at": TIME if sealed else None,
        "cancelled_at": None,
        "finished_at": TIME if finished else None,
        **more,
    }


@pytest.fixture(autouse=True)
def _accepting(api, tmp_path):
    api.on(SUBMIT, success(batch(), 202))
    (tmp_path / "tasks.jsonl").write_text(f"{A}\n\n{B}\n")


def bodies(api):
    return [json.loads(each[3]) for each in api.requests if each[3]]


def test_a_file_is_submitted_as_it_was_written_and_the_id_printed(run, api):
    done = run(
        *("batch", "submit", "tasks.jsonl", "--name", "letters", "--user-id", "ada"),
        *("--callback", "ai.document", "--callback-input", '{"markdown": "x"}'),
    )

    assert (done.exit_code, done.stdout) == (0, f"accepted {BATCH_ID}\n"), done.output
    assert bodies(api) == [
        {
            "tasks": [json.loads(A), json.loads(B)],
            "name": "letters",
            "user_id": "ada",
            "callback": {"type": "ai.document", "input": {"markdown": "x"}},
            "sealed": True,
        }
    ]
    assert b"1.10" in api.requests[0][3]


def test_a_key_makes_it_safe_to_repeat(run, api):
    assert run("batch", "submit", "tasks.jsonl").exit_code == 0
    assert run("batch", "submit", "tasks.jsonl", "--idempotency-key", "k-1").exit_code == 0

    assert keys_sent(api) == [None, "k-1"]
    assert all("idempotency_key" not in each for each in bodies(api))


def test_standard_input_is_a_file_too(run, api):
    assert run("batch", "submit", "-", "--open", stdin=A).exit_code == 0
    assert bodies(api) == [{"tasks": [json.loads(A)], "sealed": False}]


@pytest.mark.parametrize("limit", [{"MOST_AT_ONCE": 1}, {"_MOST_BYTES": 10}], ids=str)
def test_a_long_file_is_sent_in_parts_and_sealed_behind_the_last(run, api, monkeypatch, limit):
    for name, value in limit.items():
        monkeypatch.setattr(f"penstock.cli.batch_file.{name}", value)
    api.on(ADD, success(batch(2, sealed=False), 202))
    api.on(SEAL, success(batch(2)))

    done = run("batch", "submit", "tasks.jsonl", "--json")

    assert (done.exit_code, json.loads(done.stdout)) == (0, batch(2)), done.output
    assert bodies(api) == [
        {"tasks": [json.loads(A)], "sealed": False},
        {"tasks": [json.loads(B)]},
    ]
    assert api.requests[-1][1] == f"/api/batches/{BATCH_ID}/seal"


def test_what_is_wrong_with_a_task_is_told_by_its_line(run, api, monkeypatch):
    error = {"field": "$.tasks[1].input.n", "message": "too small", "remedy": "make it 3"}
    api.on(SUBMIT, problem(422, "Not valid", "", [error]))

    whole = run("batch", "submit", "tasks.jsonl")

    assert whole.exit_code == 1
    assert "line 3: $.input.n: too small\n    make it 3" in whole.stderr


@pytest.fixture
def parts(api, monkeypatch):
    """The file is sent in two parts, of one line each."""
    monkeypatch.setattr("penstock.cli.batch_file.MOST_AT_ONCE", 1)
    api.on(SUBMIT, success(batch(1, sealed=False), 202))
    api.on(ADD, success(batch(2, sealed=False), 202))
    api.on(SEAL, success(batch(2)))


ADDING = f"FILE | penstock batch add {BATCH_ID} -"
SEALING = f"penstock batch seal {BATCH_ID}"
BEGUN = f"batch {BATCH_ID} has the tasks up to line 1, which run"


@pytest.mark.usefixtures("parts")
def test_behind_a_refused_part_only_the_others_are_to_be_added(run, api):
    error = {"field": "$.tasks[0]", "message": "too small", "remedy": ""}
    api.on(ADD, problem(422, "Not valid", "", [error]))

    whole = run("batch", "submit", "tasks.jsonl")
    opened = run("batch", "submit", "tasks.jsonl", "--open")

    assert "line 3: $: too small" in whole.stderr
    lines = [BEGUN, f"add the others: tail -n +2 {ADDING} --seal", f"or do without: {SEALING}"]
    assert [line.strip() for line in whole.stderr.splitlines()[2:]] == lines
    lines = [BEGUN, f"add the others: tail -n +2 {ADDING}"]
    assert [line.strip() for line in opened.stderr.splitlines()[2:]] == lines


@pytest.mark.usefixtures("parts")
def test_behind_a_refused_part_a_key_makes_it_safe_to_repeat_the_command(run, api):
    api.on(ADD, problem(429, "The queue is full"))

    done = run("batch", "submit", "tasks.jsonl", "--idempotency-key", "k-1")

    begun, advice = done.stderr.splitlines()[1:]
    assert begun.strip() == BEGUN
    assert "repeat the command with the same key, and the lines up to 1 as they are" in advice


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("answer", [LOST, problem(503, "Unavailable")], ids=["lost", "503"])
def test_whoever_gets_no_answer_looks_before_anything_is_added_again(run, api, answer):
    api.on(ADD, answer)

    done = run("batch", "submit", "tasks.jsonl")

    assert done.exit_code == 1
    assert [line.strip() for line in done.stderr.splitlines()[1:]] == [
        BEGUN,
        f"lines 3 to 3 are in doubt, see its total: penstock batch show {BATCH_ID}",
        f"if it lacks them (a total of 1): tail -n +2 {ADDING} --seal",
        f"if it has them (a total of 2): {SEALING}",
    ]


@pytest.mark.usefixtures("parts")
def test_what_is_added_to_a_batch_may_be_in_doubt_from_its_first_line_on(run, api):
    api.on(ADD, LOST)

    done = run("batch", "add", BATCH_ID, "tasks.jsonl")

    assert [line.strip() for line in done.stderr.splitlines()[1:]] == [
        f"lines 1 to 1 are in doubt, see its total: penstock batch show {BATCH_ID}",
        f"if it lacks them: tail -n +1 {ADDING}",
        f"if it has them: tail -n +2 {ADDING}",
    ]


@pytest.mark.usefixtures("parts")
def test_a_batch_that_could_not_be_sealed_is_named(run, api):
    api.on(SEAL, LOST)

    done = run("batch", "submit", "tasks.jsonl")

    assert done.exit_code == 1
    assert f"batch {BATCH_ID} has the tasks up to line 3, which run" in done.stderr
    assert f"seal it: {SEALING}" in done.stderr


@pytest.mark.usefixtures("parts")
def test_whoever_interrupts_between_parts_learns_which_batch_has_begun(run, monkeypatch):
    monkeypatch.setattr(
        "penstock.cli.client.ApiClient.add_to_batch", lambda *_, **__: next(interrupted())
    )

    done = run("batch", "submit", "tasks.jsonl")

    assert done.exit_code == 130
    assert BEGUN in done.stderr
    assert f"if it lacks them (a total of 1): tail -n +2 {ADDING} --seal" in done.stderr
    assert f"penstock batch cancel {BATCH_ID}" in done.stderr


def keys_sent(api):
    return [each[2].get("Idempotency-Key") for each in api.requests]


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("submit", "tasks.jsonl"), ["k-1", "k-1#2", None]),
        (("add", BATCH_ID, "tasks.jsonl"), ["k-1", "k-1#2"]),
    ],
)
def test_each_part_has_a_key_of_its_own(run, api, command, expected):
    assert run("batch", *command, "--idempotency-key", "k-1").exit_code == 0
    assert keys_sent(api) == expected


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("where", [ADD, SEAL])
def test_with_a_key_the_command_is_repeated_as_it_is(run, api, where):
    api.on(where, LOST)

    done = run("batch", "submit", "tasks.jsonl", "--idempotency-key", "k-1")

    assert done.exit_code == 1
    *_, advice = done.stderr.splitlines()
    assert advice.strip().startswith("repeat the command with the same FILE and key")


@pytest.mark.usefixtures("parts")
def test_a_key_that_leaves_no_room_for_parts_is_refused(run, api):
    done = run("batch", "submit", "tasks.jsonl", "--idempotency-key", "k" * 251)

    assert (done.exit_code, api.requests) == (2, [])
    assert "at most 250 characters, got 251" in " ".join(done.stderr.split())


def test_places_that_are_none_of_the_file_stay_as_the_user_wrote_them(run, api):
    error = {"field": "$.tasks[1].input", "message": "got '$.tasks[99]'", "remedy": ""}
    api.on(SUBMIT, problem(422, "Not valid", "", [error]))

    done = run("batch", "submit", "tasks.jsonl")

    assert "line 3: $.input: got '$.tasks[99]'" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "text", "message"),
    [
        (["-"], f"{A}\n[1]", "line 2 of standard input: expected a task like"),
        (["-"], "{", "line 1 of standard input"),
        (["-"], " \n", "there is no task in the file"),
        (["missing.jsonl"], "", "cannot read 'missing.jsonl'"),
        (["-", "--callback-input", "{}"], A, "--callback-input is for a --callback"),
        (["-", "--open", "--wait"], A, "without --open"),
    ],
)
def test_what_cannot_be_sent_is_a_usage_error_and_nothing_is_sent(
    run, api, arguments, text, message
):
    done = run("batch", "submit", *arguments, stdin=text)

    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())
    assert api.requests == []


def test_waiting_ends_with_the_batch_and_says_what_failed(run, api, monkeypatch):
    monkeypatch.setattr("penstock.cli.batch_view._LONGEST", timedelta(0))
    failed = {"pending": 0, "success": 1, "failed": 1}
    ended = batch(finished=True, counts=failed, progress=100.0, callback_type="ai.text")
    api.on(SHOW, success(batch()), problem(503, "Unavailable"), success(ended))

    done = run("batch", "submit", "tasks.jsonl", "--wait")

    assert done.exit_code == 1
    assert "2 (1 success, 1 failed)" in done.stdout
    assert f"batch {BATCH_ID} is finished: 2 (1 success, 1 failed)" in done.stderr
    ended["counts"] |= {"failed": 0, "success": 2}
    api.on(SHOW, success(ended))
    assert run("batch", "show", BATCH_ID, "--wait").exit_code == 0


def test_who_stops_waiting_leaves_the_batch_alone(run, api, monkeypatch):
    api.on(SHOW, success(batch(sealed=False)))
    pausing = SimpleNamespace(sleep=lambda _: next(interrupted()))
    monkeypatch.setattr("penstock.cli.batch_view.time", pausing)

    done = run("batch", "show", BATCH_ID, "--wait")

    assert done.exit_code == 130
    assert f"it takes more tasks until: penstock batch seal {BATCH_ID}" in done.stderr
    assert f"penstock batch cancel {BATCH_ID}" in done.stderr


def test_people_see_one_and_programs_its_document(run, api):
    shown = batch(name="[red]letters", callback_type="ai.text", callback_task_id=TASK_ID)
    api.on(SHOW, success(shown))

    lines = [" ".join(line.split()) for line in run("batch", "show", BATCH_ID).stdout.splitlines()]

    assert {"name [red]letters", "state sealed", "tasks 2 (2 pending)"} < set(lines)
    assert f"callback ai.text, task {TASK_ID}" in lines
    assert json.loads(run("batch", "show", BATCH_ID, "--json").stdout) == shown


def test_batches_are_listed_page_by_page(run, api):
    first, second = batch(name="one"), batch(name="two", sealed=False)
    api.on("GET /api/batches?limit=100", success([first], next="abc"))
    api.on("GET /api/batches?limit=100&cursor=abc", success([second], next=None))
    api.on("GET /api/batches?limit=1", success([first], next="abc"))

    table = run("batch", "list", "--limit", "150")

    assert [line.split()[-1] for line in table.stdout.splitlines()] == ["name", "one", "two"]
    assert json.loads(run("batch", "list", "--limit", "150", "--json").stdout) == [first, second]
    assert "there are more" in run("batch", "list", "--limit", "1").stderr


def test_tasks_are_added_and_the_batch_sealed(run, api):
    api.on(ADD, success(batch(4, sealed=False), 202))
    api.on(SEAL, success(batch(4)))

    assert "open" in run("batch", "add", BATCH_ID, "tasks.jsonl").stdout
    assert "sealed" in run("batch", "add", BATCH_ID, "tasks.jsonl", "--seal").stdout
    assert "sealed" in run("batch", "seal", BATCH_ID).stdout
    api.on(ADD, problem(409, "The batch is sealed"))
    refused = run("batch", "add", BATCH_ID, "tasks.jsonl")
    assert (refused.exit_code, refused.stderr) == (1, "error: The batch is sealed\n")


def test_a_batch_is_cancelled_for_a_reason(run, api):
    cancelling = batch(counts={"pending": 0, "running": 2}, cancelled_at=TIME)
    api.on(f"POST /api/batches/{BATCH_ID}/cancel", success(cancelling, 202))

    done = run("batch", "cancel", BATCH_ID, "--reason", "late")

    assert done.exit_code == 0, done.output
    assert bodies(api) == [{"reason": "late"}]
    assert "workers have been told" in done.stderr
    assert "cancelling" in done.stdout


def test_what_failed_runs_again(run, api):
    found = f"GET /api/queues/tasks?status=failed&batch_id={BATCH_ID}&limit=500"
    api.on(SHOW, success(batch()))
    api.on(found, success([], next=None))
    done = {"changed": 0, "unchanged": 0, "not_found": 0, "tasks": [], "next": None}
    api.on("POST /api/queues/tasks/retry", success(done))

    assert run("batch", "retry", BATCH_ID).exit_code == 0
    assert bodies(api) == [{"filter": {"batch_id": BATCH_ID, "status": "failed"}}]
    api.on(SHOW, problem(404, "There is no such batch"))
    assert "There is no such batch" in run("batch", "retry", BATCH_ID).stderr
