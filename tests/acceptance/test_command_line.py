"""The command line against a whole installation: waiting on a terminal, and batches from a file."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from penstock.cli.root import root
from tests.services.installation import Installation

Penstock = Callable[..., Result]


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, redis_server, sqlite_template: Path
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    database = folder / "ledger.db"
    database.write_bytes(sqlite_template.read_bytes())
    with Installation(
        folder,
        redis_url=redis_server.url,
        database_url=f"sqlite+aiosqlite:///{database}",
        namespace="command-line",
    ) as installation:
        installation.start_worker()
        yield installation


@pytest.fixture
def penstock(served: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Penstock:
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(root, arguments, env=served.environment)

    return run


def test_a_terminal_shows_progress_and_ctrl_c_leaves_the_task_running(
    served: Installation, penstock: Penstock, log: Path, tmp_path: Path
) -> None:
    waiting, terminal = pty.openpty()
    command = ["submit", "probe.progress", "-i", json.dumps({"log": str(log)})]
    process = subprocess.Popen(
        [sys.executable, "-m", "penstock", *command, "--wait"],
        env={**served.environment, "TERM": "xterm", "COLUMNS": "100"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    while b"running \xc2\xb7 downloaded" not in shown:
        shown += os.read(waiting, 4096)

    process.send_signal(signal.SIGINT)

    with suppress(OSError):
        while some := os.read(waiting, 4096):
            shown += some
    os.close(waiting)
    assert process.wait(60) == 130
    assert process.stdout is not None
    process.stdout.close()
    task_id = shown.split(b"penstock task watch ")[1].split()[0].decode()
    assert f"penstock task cancel {task_id}" in shown.decode()
    assert served.task(task_id)["status"] == "running"
    log.touch()  # which the handler waits for
    followed = penstock("task", "show", task_id, "--wait")
    assert (followed.exit_code, "success" in followed.stdout) == (0, True)


def test_a_file_is_submitted_as_a_batch_and_what_failed_runs_again(
    served: Installation, penstock: Penstock, log: Path, tmp_path: Path
) -> None:
    good = {"type": "probe.sleep", "input": {"log": str(log), "name": "good"}}
    bad = {"type": "probe.permanent", "input": {"log": str(log), "name": "bad"}}
    tasks = tmp_path / "tasks.jsonl"
    tasks.write_text("".join(json.dumps(each) + "\n" for each in (good, bad, good)))

    done = penstock(
        *("batch", "submit", "tasks.jsonl", "--name", "three", "--wait", "--json"),
        *("--callback", "probe.sleep", "--callback-input", json.dumps(good["input"])),
    )

    assert done.exit_code == 1, done.output
    batch = json.loads(done.stdout)
    assert (batch["counts"]["success"], batch["counts"]["failed"]) == (2, 1)
    assert served.outcome(batch["callback_task_id"])["status"] == "success"
    assert "finished: 3 (2 success, 1 failed)" in done.stderr
    listed = json.loads(penstock("batch", "list", "--json").stdout)
    assert [each["id"] for each in listed] == [batch["id"]]
    again = penstock("batch", "retry", batch["id"])
    assert "1 tasks are run again" in again.stderr


def test_a_line_that_is_refused_is_named_and_nothing_runs(
    served: Installation, penstock: Penstock, tmp_path: Path
) -> None:
    lines = [
        '{"type": "probe.sleep", "input": {"log": "x"}}',
        '{"type": "probe.slep", "input": {}}',
    ]
    (tmp_path / "tasks.jsonl").write_text("\n".join(lines))
    before = penstock("batch", "list", "--json").stdout

    refused = penstock("batch", "submit", "tasks.jsonl")

    assert refused.exit_code == 1
    assert "line 2: $.type: no installed plugin has a task type 'probe.slep'" in refused.stderr
    assert "probe.sleep" in refused.stderr
    assert penstock("batch", "list", "--json").stdout == before


def test_a_large_file_is_one_batch(
    penstock: Penstock, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.cli.batch_file.MOST_AT_ONCE", 2)
    line = json.dumps({"type": "probe.sleep", "input": {"log": str(log)}})
    (tmp_path / "tasks.jsonl").write_text(f"{line}\n" * 5)

    done = penstock("batch", "submit", "tasks.jsonl", "--wait", "--json")

    assert done.exit_code == 0, done.output
    batch = json.loads(done.stdout)
    assert (batch["total"], batch["counts"]["success"]) == (5, 5)
    opened = json.loads(penstock("batch", "submit", "tasks.jsonl", "--open", "--json").stdout)
    assert (opened["total"], opened["sealed_at"]) == (5, None)
    assert "sealed" in penstock("batch", "add", opened["id"], "tasks.jsonl", "--seal").stdout
