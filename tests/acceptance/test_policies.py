"""What an operator says of task types and providers, by the command line and over the API."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from penstock.cli.root import root
from tests.services import find_free_port
from tests.services.installation import API_KEY, Installation, wait_until

TEXT = {"prompt": "a poem"}


@pytest.fixture
def penstock(
    tmp_path: Path, redis_url: str, namespace: str, sqlite_url: str
) -> Iterator[Installation]:
    (tmp_path / "penstock.toml").write_text('[tasks."ai.text"]\nmax_interval = "5m"\n')
    # Where its processes run.
    with Installation(
        tmp_path,
        redis_url=redis_url,
        database_url=sqlite_url,
        namespace=namespace,
        environment={
            "PENSTOCK_CONFIG": str(tmp_path / "penstock.toml"),
            "PENSTOCK_TASK_AI_TEXT_JITTER": "0.5",
        },
    ) as installation:
        yield installation


Cli = Callable[..., Result]


@pytest.fixture
def cli(penstock: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs a command in this process, with the installation's settings."""
    monkeypatch.chdir(tmp_path)
    for name, value in penstock.environment.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, **environment: str) -> Result:
        where = {"PENSTOCK_URL": f"http://127.0.0.1:{penstock.port}", "COLUMNS": "200"}
        return CliRunner().invoke(root, arguments, env=where | environment)

    return run


def explained(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    policy = json.loads(result.stdout)["policy"]
    return {f"{each['of']}.{each['knob']}": each for each in policy}


def test_the_policy_of_a_task_type_is_said_and_explained(
    penstock: Installation, cli: Cli, tmp_path: Path
) -> None:
    cli("queue", "set", "ai", "--max-attempts", "9", "--concurrency", "1")
    cli("task-type", "set", "ai.text", "--max-attempts", "2", "--timeout", "90s")

    with_api = explained(cli("plugins", "explain", "ai.text", "--json"))
    alone = cli("plugins", "explain", "ai.text", "--json", PENSTOCK_URL=nowhere())
    shown = cli("plugins", "explain", "ai.text")

    attempts = with_api["task.max_attempts"]
    assert (attempts["value"], attempts["origin"], attempts["source"]) == (
        "2", "operator", "api-key",
    )  # fmt: skip
    beaten = attempts["over"][0]
    assert (beaten["value"], beaten["said_of"], beaten["origin"]) == ("9", "queue", "operator")
    assert with_api["task.max_interval"]["source"].startswith('tasks."ai.text".max_interval (line')
    assert with_api["task.jitter"]["source"] == "PENSTOCK_TASK_AI_TEXT_JITTER"
    assert with_api["queue.concurrency"]["value"] == "1"
    assert with_api["queue.rate_limit"]["origin"] == "plugin"
    assert with_api["provider.openai.units"]["value"] == "none"
    assert with_api["user.user_concurrency"]["origin"] == "default"
    assert with_api["installation.keep_failed"]["value"] == "30d"
    assert with_api["installation.lease"]["origin"] == "environment"
    assert "no API runs" in alone.stderr
    # The plugin of the tests, which is not installed here, has a provider as well.
    assert explained(alone) == {
        name: value for name, value in with_api.items() if ".metered." not in name
    }
    assert "over" in shown.stdout
    assert "9: operator (api-key" in shown.stdout
    assert API_KEY not in shown.output + alone.output

    accepted = penstock.task(penstock.submit("ai.text", TEXT))
    assert accepted["max_attempts"] == 2
    cli("task-type", "reset", "ai.text")
    assert penstock.task(penstock.submit("ai.text", TEXT))["max_attempts"] == 9


def test_a_disabled_task_type_is_refused_until_it_is_enabled(
    penstock: Installation, cli: Cli
) -> None:
    assert cli("task-type", "set", "ai.text", "--enabled", "false").exit_code == 0

    refused = penstock.post("ai.text", TEXT)

    assert (refused.status_code, refused.json()["type"]) == (503, "/problems/task-type-disabled")
    assert refused.headers["Retry-After"]
    assert penstock.post("ai.code", TEXT).status_code == 202
    cli("task-type", "set", "ai.text", "--enabled", "default")
    wait_until(
        lambda: penstock.post("ai.text", TEXT).status_code == 202,
        what="the task type to take tasks again",
    )


def test_the_limits_of_a_provider_are_said_shown_and_taken_back(
    penstock: Installation, cli: Cli
) -> None:
    said = cli("provider", "set", "openai", "--concurrency", "4", "--units", "90000/1m/15000")
    shown = cli("provider", "show", "openai", "--json")

    assert "90000/1m/15000" in said.stdout
    policy = json.loads(shown.stdout)["policy"]
    assert (policy["concurrency"]["value"], policy["concurrency"]["origin"]) == ("4", "operator")
    listed = cli("provider", "list")
    assert "openai" in listed.stdout
    assert "4" in listed.stdout
    reset = json.loads(cli("provider", "reset", "openai", "--json").stdout)["policy"]
    assert {each["origin"] for each in reset.values()} == {"default"}

    wrong = cli("provider", "set", "openai", "--units", "many")
    assert wrong.exit_code == 1
    assert "expected units of provider 'openai' to be a number of units per time" in wrong.stderr
    unknown = cli("provider", "show", "opnai")
    assert "did you mean 'openai'?" in unknown.stderr
    missing = penstock.client.get("/api/providers/opnai")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/provider-not-found")


REFUSALS = [
    (["plugins", "explain", "ai.txt"], ["'ai.txt'", "did you mean 'ai.text'?"]),
    (["task-type", "set", "ai.text"], ["nothing to set", "--timeout 5m"]),
    (["task-type", "set", "ai.text", "--timeout", "5"], ["timeout", "a time with its unit"]),
    (["task-type", "set", "ai.text", "--max-memory", "1GiB"], ["'async def'"]),
]


def test_what_cannot_be_said_of_a_task_type_says_why(cli: Cli) -> None:
    for arguments, complaints in REFUSALS:
        answer = cli(*arguments)

        assert answer.exit_code != 0
        for complaint in complaints:
            assert complaint in answer.stderr


def nowhere() -> str:
    return f"http://127.0.0.1:{find_free_port()}"
