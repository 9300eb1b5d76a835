"""`penstock dev`: one command, and everything is there; one Ctrl-C, and everything is gone."""

import os
import re
import signal
import stat
import subprocess
import sys

import httpx
import psutil
import pytest

from tests.acceptance.dev_process import COMMAND, PATIENCE, running_dev


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "project"


@pytest.fixture
def dev(folder, free_port):
    def start(**environ):
        return running_dev(folder, free_port, **environ)

    return start


def gone(processes):
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE)
    return not alive


def test_a_task_goes_through_and_ctrl_c_leaves_nothing_behind(dev, folder, free_port):
    with dev() as running:
        running.wait_for("read its result")
        data_dir = folder / ".penstock"
        key = (data_dir / "api-key").read_text().strip()
        assert key in running.output
        assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
        family = running.family()
        assert set(family) == {"api", "worker", "redis"}

        done = subprocess.run(
            [
                *(*COMMAND, "submit", "ai.document", "--wait"),
                *("--input", '{"markdown": "# Hello"}', "--output", "hello.pdf"),
            ],
            cwd=folder,
            env={**os.environ, "PENSTOCK_PORT": str(free_port)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert (folder / "hello.pdf").read_bytes().startswith(b"%PDF")
        assert "worker  │" in running.output

        running.process.send_signal(signal.SIGINT)
        assert running.wait() == 0, running.output
        assert gone(family.values())


def test_a_second_one_in_the_same_folder_is_told_about_the_first(dev, folder, free_port):
    with dev() as running:
        running.wait_for("read its result")

        second = subprocess.run(
            [*COMMAND, "dev"],
            cwd=folder,
            env={**os.environ, "PENSTOCK_PORT": str(free_port)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 1
        assert f"in use by process {running.process.pid}" in second.stderr
        assert httpx.get(f"http://127.0.0.1:{free_port}/api/health").status_code == 200


@pytest.mark.parametrize("kind", ["worker", "api", "redis"])
def test_one_that_dies_takes_the_rest_with_it_and_is_named(dev, kind):
    with dev(PENSTOCK_DRAIN_SECONDS="1") as running:
        running.wait_for("read its result")
        family = running.family()

        family[kind].kill()

        assert running.wait() == 1
        assert re.search(rf"^{kind} .*ended.*stopping the rest$", running.output, re.MULTILINE)
        assert gone(family.values())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a death")
def test_nothing_outlives_a_killed_parent(dev, folder):
    with dev() as running:
        running.wait_for("read its result")
        family = running.family()

        running.process.kill()

        assert gone(family.values())


def test_a_key_that_is_set_is_used_and_not_printed(dev, free_port):
    with dev(PENSTOCK_API_KEY="my-own-key") as running:
        running.wait_for("read its result")

        assert "my-own-key" not in running.output
        answer = httpx.get(
            f"http://127.0.0.1:{free_port}/api/queues/status",
            headers={"Authorization": "Bearer my-own-key"},
        )
        assert answer.status_code == 200


def test_a_wrong_setting_of_a_plugin_is_told_once_and_before_anything_starts(dev, folder):
    with dev(PENSTOCK_AI_OPENAI_TEXT_MODL="x") as running:
        assert running.wait() == 2

        assert running.output.count("did you mean PENSTOCK_AI_OPENAI_TEXT_MODEL?") == 1
        assert not (folder / ".penstock").exists()


def test_a_database_that_is_not_there_is_named(dev):
    with dev(DATABASE_URL="postgres://nobody:secret@127.0.0.1:1/none") as running:
        assert running.wait() == 1

        assert "migrate failed (exit code 1)" in running.output
        assert "secret" not in running.output
        assert "Traceback" not in running.output
