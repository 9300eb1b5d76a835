"""What holds for every command: help, version, exit codes, and errors without tracebacks."""

import subprocess
import sys
from importlib.metadata import version

import pytest

HEAVY = {"sqlalchemy", "alembic", "litestar", "taskiq", "redis", "uvicorn", "httpx", "rich"}


def test_help_imports_nothing_that_takes_time():
    program = (
        "import sys, penstock.cli\n"
        "try: penstock.cli.main()\n"
        f"finally: print(sorted(set(sys.modules) & {HEAVY}), file=sys.stderr)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, "--help"], capture_output=True, text=True, check=True
    )

    assert "Serve the HTTP API." in done.stdout
    assert done.stderr.strip() == "[]"


def test_python_m_penstock_is_the_same_command():
    done = subprocess.run(
        [sys.executable, "-m", "penstock", "--version"], capture_output=True, text=True, check=True
    )

    assert done.stdout == f"penstock {version('penstock')}\n"


@pytest.mark.parametrize(
    "command",
    [
        ("dev",),
        ("api",),
        ("worker",),
        ("submit",),
        ("task",),
        ("task", "show"),
        ("plugins",),
        ("plugins", "list"),
        ("db",),
        ("db", "upgrade"),
    ],
)
def test_every_command_explains_itself(run, command):
    done = run(*command, "--help")

    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"Usage: penstock {' '.join(command)}")


def test_a_misspelt_command_is_a_usage_error_that_names_the_right_one(run):
    done = run("sumbit")

    assert done.exit_code == 2
    assert "Did you mean 'submit'?" in done.stderr


def test_a_wrong_setting_is_one_message_and_exit_code_2(run):
    done = run("task", "show", "01936f2e-0000-7000-8000-000000000001", PENSTOCK_PORT="x")

    assert done.exit_code == 2
    assert done.stderr.startswith("error: expected PENSTOCK_PORT to be a whole number")
    assert "Traceback" not in done.output


def test_debug_shows_where_an_error_came_from(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "penstock", "--debug", "db", "upgrade"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PENSTOCK_PORT": "x"},
    )

    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "SettingsError: expected PENSTOCK_PORT" in done.stderr


@pytest.mark.parametrize("command", ["dev", "api"])
def test_a_server_that_others_can_reach_does_not_start_without_a_key(run, tmp_path, command):
    done = run(command, PENSTOCK_HOST="0.0.0.0")

    assert done.exit_code == 2
    assert "PENSTOCK_API_KEY" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_worker_without_redis_says_what_to_set(run):
    done = run("worker")

    assert done.exit_code == 2
    assert "REDIS_URL" in done.stderr
