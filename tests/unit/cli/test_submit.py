"""`penstock submit`, over HTTP."""

import json
from datetime import UTC, datetime

import pytest

from tests.unit.cli.scripted_api import (
    ARTIFACT,
    ARTIFACT_ID,
    PDF,
    TASK_ID,
    problem,
    sent,
    success,
    task,
)

SUBMIT = "POST /api/queues/tasks"
UPLOAD = "POST /api/uploads"
EVENTS = f"GET /api/queues/tasks/{TASK_ID}/events"
DOWNLOAD = f"GET /api/artifacts/{ARTIFACT_ID}"


@pytest.fixture(autouse=True)
def _accepting(api):
    api.on(SUBMIT, success(task(), 202))


def ended(status="success", **more):
    return sent(("status", task(status, **more), None))


def body(api):
    return json.loads(api.requests[0][3])


def test_a_task_is_submitted_as_it_was_written_and_its_id_printed(run, api):
    done = run("submit", "ai.document", "--input", '{"markdown": "# Grüße", "n": 1.10}')

    assert done.exit_code == 0, done.output
    assert done.stdout == f"accepted {TASK_ID}\n"
    assert body(api) == {"type": "ai.document", "input": {"markdown": "# Grüße", "n": 1.1}}
    assert b"1.10" in api.requests[0][3]


def test_priority_user_and_delay_are_sent(run, api):
    done = run(
        *("submit", "ai.document", "--input", "{}"),
        *("--priority", "urgent", "--user-id", "u1", "--delay", "1m30s"),
    )

    assert done.exit_code == 0, done.output
    sent = body(api)
    assert (sent["priority"], sent["user_id"], sent["delay_seconds"]) == ("urgent", "u1", 90)


def test_a_key_and_uniqueness_are_sent(run, api):
    done = run(*("submit", "ai.document", "--input", "{}", "--unique", "--idempotency-key", "k-1"))

    assert done.exit_code == 0, done.output
    assert (body(api)["unique"], body(api)["idempotency_key"]) == (True, "k-1")


def test_times_are_sent_as_moments_with_their_zone(run, api):
    done = run(
        *("submit", "ai.document", "--input", "{}", "--ttl", "1h"),
        *("--run-at", "2026-11-26T09:30:00+01:00", "--deadline", "2026-11-26T12:00Z"),
    )

    assert done.exit_code == 0, done.output
    sent = body(api)
    assert sent["ttl_seconds"] == 3600
    moments = {name: datetime.fromisoformat(sent[name]) for name in ("run_at", "deadline")}
    assert {name: each.astimezone(UTC).hour for name, each in moments.items()} == {
        "run_at": 8,
        "deadline": 12,
    }
    assert all(each.tzinfo for each in moments.values())


def test_the_input_comes_from_a_file(run, api, tmp_path):
    (tmp_path / "in.json").write_text('{"a": 1}')

    assert run("submit", "ai.document", "--input", "@in.json").exit_code == 0
    assert body(api)["input"] == {"a": 1}


def test_the_input_comes_from_standard_input(run, api):
    assert run("submit", "ai.document", "--input", "-", stdin='{"a": 2}').exit_code == 0
    assert body(api)["input"] == {"a": 2}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--input", "{"], "expected JSON, got '{'"),
        (["--input", "@missing.json"], "cannot read 'missing.json'"),
        (["--input", "{}", "--priority", "urgnt"], "did you mean 'urgent'?"),
        (["--input", "{}", "--delay", "30"], "expected a duration like 30s"),
        (["--input", "{}", "--run-at", "soon"], "expected a date and time like 2026-11-26T09:30"),
        ([], "Missing option '--input' / '-i', or '--file'"),
        (["--file", "missing.jpg"], "'missing.jpg' does not exist"),
        (["--file", "."], "is a directory"),
    ],
)
def test_what_cannot_be_sent_is_a_usage_error_and_nothing_is_sent(run, api, arguments, message):
    done = run("submit", "ai.document", *arguments)

    assert done.exit_code == 2
    assert message in done.stderr
    assert api.requests == []


def test_a_file_is_sent_with_its_name_and_the_type_that_it_suggests(run, api, tmp_path):
    content = bytes(range(256)) * 1000
    (tmp_path / "Foto 1.jpg").write_bytes(content)
    api.on(UPLOAD, success(task(), 202))

    done = run(
        *("submit", "upload.process", "--file", "Foto 1.jpg", "--input", '{"n": 1.10}'),
        *("--priority", "urgent", "--user-id", "u1", "--delay", "1m30s"),
    )

    assert done.exit_code == 0, done.output
    assert done.stdout == f"accepted {TASK_ID}\n"
    parts = api.form(0)
    assert parts.pop("file") == ("Foto 1.jpg", "image/jpeg", content)
    assert {name: text.decode() for name, (_, _, text) in parts.items()} == {
        "type": "upload.process",
        "input": '{"n": 1.10}',
        "priority": "urgent",
        "user_id": "u1",
        "delay_seconds": "90.0",
    }


def test_a_file_needs_no_input_and_no_suffix(run, api, tmp_path):
    (tmp_path / "notes").write_bytes(b"x")
    api.on(UPLOAD, success(task(), 202))

    assert run("submit", "upload.process", "--file", "notes").exit_code == 0
    assert api.form(0) == {
        "type": (None, None, b"upload.process"),
        "file": ("notes", "application/octet-stream", b"x"),
    }


def test_a_file_is_waited_for_and_its_result_saved(run, api, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"x")
    api.on(UPLOAD, success(task(), 202))
    api.on(EVENTS, ended("success", result={"thumbnail": ARTIFACT}))
    api.on(DOWNLOAD, (200, "application/pdf", PDF))

    done = run("submit", "upload.process", "--file", "photo.jpg", "--output", "small.pdf")

    assert done.exit_code == 0, done.output
    assert (tmp_path / "small.pdf").read_bytes() == PDF


def test_a_task_type_that_takes_no_files_is_the_apis_problem(run, api, tmp_path):
    (tmp_path / "photo.jpg").write_bytes(b"x")
    error = {"field": "$.type", "message": "'ai.text' takes no files", "remedy": "try another"}
    api.on(UPLOAD, problem(422, "The request's content is not valid", "", [error]))

    done = run("submit", "ai.text", "--file", "photo.jpg")

    assert done.exit_code == 1
    assert "$.type: 'ai.text' takes no files\n    try another\n" in done.stderr


def test_with_json_standard_output_is_the_task_and_nothing_else(run):
    done = run("submit", "ai.document", "--input", "{}", "--json")

    assert json.loads(done.stdout) == task()
    assert done.stderr == ""


def test_waiting_ends_with_the_outcome(run, api):
    running = ("status", task("running", progress=50.0), None)
    api.on(EVENTS, sent(running, ("status", task("success", result={"a": 1}), None)))

    done = run("submit", "ai.document", "--input", "{}", "--wait", "--json")

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["result"] == {"a": 1}
    assert done.stderr == ""


def test_waiting_for_a_task_that_fails_exits_1_and_says_why(run, api):
    error = {"code": "too_long", "message": "over 5 pages", "type": "acme.TooLong"}
    api.on(EVENTS, ended("failed", error=error, attempts=3))

    done = run("submit", "ai.document", "--input", "{}", "--wait", "--json")

    assert done.exit_code == 1
    assert json.loads(done.stdout)["status"] == "failed"
    assert "ended as failed after 3 of 3 attempts: too_long: over 5 pages" in done.stderr


def test_an_api_that_restarts_is_waited_for(run, api):
    api.on(EVENTS, problem(503, "Unavailable"), ended())

    assert run("submit", "ai.document", "--input", "{}", "--wait").exit_code == 0


def test_output_saves_the_first_artifact_of_the_result(run, api, tmp_path):
    result = {"pages": 1, "files": [{"artifact": ARTIFACT}]}
    api.on(EVENTS, ended("success", result=result))
    api.on(DOWNLOAD, (200, "application/pdf", PDF))

    done = run("submit", "ai.document", "--input", "{}", "--output", "out.pdf")

    assert done.exit_code == 0, done.output
    assert (tmp_path / "out.pdf").read_bytes() == PDF
    assert "saved hello.pdf" in done.stderr


def test_bytes_that_are_not_the_stored_ones_are_not_kept(run, api, tmp_path):
    api.on(EVENTS, ended("success", result={"artifact": ARTIFACT}))
    api.on(DOWNLOAD, (200, "application/pdf", b"something else"))

    done = run("submit", "ai.document", "--input", "{}", "--output", "out.pdf")

    assert done.exit_code == 1
    assert "SHA-256" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_that_is_not_there_is_refused_before_anything_is_sent(run, api):
    done = run("submit", "ai.document", "--input", "{}", "--output", "nowhere/out.pdf")

    assert done.exit_code == 2
    assert "there is no folder 'nowhere'; make it first" in done.output
    assert api.requests == []


def test_output_without_an_artifact_in_the_result_is_an_error(run, api):
    api.on(EVENTS, ended("success", result={"text": "no file"}))

    done = run("submit", "ai.document", "--input", "{}", "--output", "out.pdf")

    assert done.exit_code == 1
    assert "name an artifact, found none" in done.stderr


def test_a_problem_is_printed_with_field_and_remedy(run, api):
    error = {"field": "$.type", "message": "no such type", "remedy": "did you mean 'ai.document'?"}
    api.on(SUBMIT, problem(422, "There is no such task type", "ai.documnt", [error]))

    done = run("submit", "ai.documnt", "--input", "{}", "--json")

    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr == (
        "error: There is no such task type: ai.documnt\n"
        "  $.type: no such type\n"
        "    did you mean 'ai.document'?\n"
    )


def test_a_server_that_is_not_penstock_is_named(run, api):
    api.on(SUBMIT, (404, "text/html", b"<h1>nginx</h1>"))

    done = run("submit", "ai.document", "--input", "{}")

    assert done.exit_code == 1
    assert f"expected the API of Penstock at {api.url}, got HTTP 404 with text/html" in done.stderr


def test_without_an_api_the_way_to_start_one_is_named(run, free_port):
    url = f"http://127.0.0.1:{free_port}"

    done = run("submit", "ai.document", "--input", "{}", PENSTOCK_URL=url)

    assert done.exit_code == 1
    assert done.stderr.startswith(f"error: cannot reach {url}: ")
    assert "is `penstock dev` running?" in done.stderr


def test_the_key_is_the_one_that_is_set_else_the_development_key(run, api, tmp_path):
    def authorization(**environ):
        api.requests.clear()
        assert run("submit", "ai.document", "--input", "{}", **environ).exit_code == 0
        return api.requests[0][2].get("Authorization")

    assert authorization() is None
    (tmp_path / ".penstock").mkdir()
    (tmp_path / ".penstock" / "api-key").write_text("from-the-file\n")
    assert authorization() == "Bearer from-the-file"
    assert authorization(PENSTOCK_API_KEY="mine") == "Bearer mine"


def test_a_proxy_is_not_asked_for_this_machines_own_api(run, free_port):
    dead = f"http://127.0.0.1:{free_port}"

    assert run("submit", "ai.document", "--input", "{}", http_proxy=dead).exit_code == 0
