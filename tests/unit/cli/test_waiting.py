"""The progress bar of who waits for a task, on a terminal."""

import json
from io import StringIO

import pytest
from rich.console import Console

from penstock.cli import waiting
from penstock.cli.client import ApiClient
from penstock.cli.following import task_of
from penstock.cli.task_answers import SentEvent
from tests.unit.cli.scripted_api import TASK_ID, interrupted, sent, task

PENDING = task_of(SentEvent("status", json.dumps(task()).encode()))


@pytest.fixture
def terminal():
    return Console(file=StringIO(), force_terminal=True, width=100, color_system=None)


def test_a_terminal_shows_how_far_the_task_is(api, terminal):
    progress = {"run": 1, "progress": 99.0, "message": "nearly"}
    events = [("status", task("running"), None), ("progress", progress, "1-0")]
    # The stream ends without the task's end: what was said so far stands there for the pause.
    api.on(
        f"GET /api/queues/tasks/{TASK_ID}/events",
        sent(*events),
        sent(("status", task("success"), None)),
    )

    with ApiClient(api.url, None) as client:
        found = waiting.with_progress(client, PENDING, terminal)

    assert found.status == "success"
    assert "ai.document · running · nearly" in terminal.file.getvalue()


def test_the_bar_is_gone_before_anything_is_said(terminal, monkeypatch, capsys):
    monkeypatch.setattr(ApiClient, "events", interrupted)

    with ApiClient("http://127.0.0.1:1", None) as client, pytest.raises(SystemExit) as left:
        waiting.with_progress(client, PENDING, terminal)

    assert left.value.code == 130
    assert f"penstock task cancel {TASK_ID}" in capsys.readouterr().err
    # The line that the bar was in is cleared.
    assert terminal.file.getvalue().endswith("\x1b[2K")
