"""What an operator says of a queue while its workers are busy."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.services.installation import Installation, wait_until

QUEUE = "/api/queues/probe"
WITHIN = 1.0
"""Seconds in which a change is in force on every worker."""


@pytest.fixture
def penstock(
    tmp_path: Path, redis_url: str, namespace: str, postgresql_url: str
) -> Iterator[Installation]:
    with Installation(
        tmp_path, redis_url=redis_url, database_url=postgresql_url, namespace=namespace, lease=3
    ) as installation:
        yield installation


@pytest.fixture
def on_any_database(
    tmp_path: Path, redis_url: str, namespace: str, database_url: str
) -> Iterator[Installation]:
    with Installation(
        tmp_path, redis_url=redis_url, database_url=database_url, namespace=namespace, lease=3
    ) as installation:
        yield installation


class Load:
    """Tasks that note when they start."""

    def __init__(self, penstock: Installation, tasks: int, seconds: float = 0.01) -> None:
        self._log = penstock.folder / "load.log"
        self._log.touch()
        probe = {"log": str(self._log), "seconds": seconds}
        self.ids = [penstock.submit("probe.sleep", probe) for _ in range(tasks)]

    def starts(self, begin: float = 0, end: float = float("inf")) -> list[float]:
        """The moments between two others at which tasks started."""
        lines = [line.split() for line in self._log.read_text().splitlines()]
        times = [float(each[3]) for each in lines if each[0] == "start"]
        return sorted(each for each in times if begin <= each < end)

    def most_within_a_second(self, begin: float, end: float) -> int:
        times = self.starts(begin, end)
        # The clocks of handlers are read a little later than the engine's.
        return max((sum(a <= each < a + 0.9 for each in times) for a in times), default=0)


def said(penstock: Installation, **values: object) -> dict[str, Any]:
    answer = penstock.client.patch(QUEUE, json=values)
    assert answer.status_code == 200, answer.text
    policy: dict[str, Any] = answer.json()["data"]["policy"]
    return policy


def done(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def cli(penstock: Installation, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "penstock", "queue", *arguments],
        env={**penstock.environment, "PENSTOCK_URL": f"http://127.0.0.1:{penstock.port}"},
        cwd=penstock.folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_limit_that_is_lowered_and_raised_under_load_holds_within_a_second(
    penstock: Installation,
) -> None:
    said(penstock, concurrency=20, rate_limit="40/1s")
    load = Load(penstock, 250)
    penstock.start_workers(2, "probe")
    wait_until(lambda: len(load.starts()) >= 20, what="the load to start")

    lowered = time.time()
    said(penstock, rate_limit="5/1s")
    time.sleep(WITHIN + 2)
    raised = time.time()
    # The last word counts, however soon it follows.
    said(penstock, rate_limit="1/1m")
    said(penstock, rate_limit="40/1s")
    time.sleep(WITHIN + 1)

    # Five at once, at most three times in a little more than two seconds.
    assert 8 <= len(load.starts(lowered + WITHIN, raised)) <= 15
    assert load.most_within_a_second(lowered + WITHIN, raised) <= 5
    assert len(load.starts(raised + WITHIN, raised + WITHIN + 1)) >= 30


def test_a_concurrency_that_is_raised_and_lowered_under_load_holds_within_a_second(
    penstock: Installation,
) -> None:
    load = Load(penstock, 60, seconds=0.5)
    penstock.start_worker("probe")
    wait_until(lambda: len(load.starts()) >= 2, what="the load to start")

    raised = time.time()
    said(penstock, concurrency=10)
    time.sleep(WITHIN + 1)
    lowered = time.time()
    said(penstock, concurrency=1)
    time.sleep(WITHIN + 0.5 + 2)

    assert len(load.starts(raised + WITHIN, lowered)) >= 15
    # What ran goes on; then one at a time, each for half a second.
    assert len(load.starts(lowered + WITHIN + 0.5)) in {3, 4, 5}


def test_a_paused_queue_starts_nothing_also_after_a_restart(penstock: Installation) -> None:
    load = Load(penstock, 200, seconds=0.05)
    first, _ = penstock.start_workers(2, "probe")
    wait_until(lambda: len(load.starts()) >= 10, what="the load to start")

    paused = time.time()
    assert done(penstock.client.post(f"{QUEUE}/pause"))["paused"]
    time.sleep(WITHIN)
    assert penstock.stop(first) == 0
    penstock.start_worker("probe")
    accepted = penstock.submit("probe.sleep", {"log": str(penstock.folder / "other.log")})
    time.sleep(1)
    assert load.starts(paused + WITHIN) == []
    assert penstock.queue_status()["probe"]["paused"]
    assert penstock.task(accepted)["status"] == "pending"

    resumed = time.time()
    done(penstock.client.post(f"{QUEUE}/resume"))
    wait_until(lambda: load.starts(resumed) != [], what="the queue to go on", timeout=WITHIN)


def test_a_drained_queue_takes_nothing_and_works_off_what_it_has(
    on_any_database: Installation,
) -> None:
    penstock = on_any_database
    load = Load(penstock, 5)
    done(penstock.client.post(f"{QUEUE}/pause"))

    drained = cli(penstock, "drain", "probe")
    refused = penstock.post("probe.sleep", {"log": "nowhere"})

    assert "draining" in drained.stdout
    assert refused.status_code == 503
    assert refused.json()["type"] == "/problems/queue-draining"
    assert refused.headers["Retry-After"]
    penstock.start_worker("probe")
    assert {penstock.outcome(each)["status"] for each in load.ids} == {"success"}
    assert cli(penstock, "resume", "probe").returncode == 0
    wait_until(
        lambda: penstock.post("probe.sleep", {"log": "nowhere"}).status_code == 202,
        what="the queue to take tasks again",
        timeout=WITHIN,
    )


def test_a_purge_cancels_what_waits_and_nothing_else(
    on_any_database: Installation,
) -> None:
    penstock = on_any_database
    load = Load(penstock, 30, seconds=1)
    penstock.start_worker("probe")
    wait_until(lambda: len(load.starts()) == 2, what="two tasks to run")

    asked = cli(penstock, "purge", "probe")
    purged = cli(penstock, "purge", "probe", "--yes", "--json")

    assert asked.returncode == 1
    assert json.loads(purged.stdout)["cancelled"] == 28, purged
    outcomes = [penstock.outcome(each) for each in load.ids]
    assert sorted(each["status"] for each in outcomes) == ["cancelled"] * 28 + ["success"] * 2
    reasons = {each["error"]["message"] for each in outcomes if each["error"]}
    assert reasons == {"purged by api-key"}
    assert penstock.queue_status()["probe"]["waiting"] == 0
    assert done(penstock.client.post(f"{QUEUE}/purge"))["cancelled"] == 0


def test_what_holds_is_shown_with_who_says_so(
    on_any_database: Installation,
) -> None:
    penstock = on_any_database
    said(penstock, concurrency=7, user_weights="ada=3")

    shown = cli(penstock, "show", "probe")
    listed = json.loads(cli(penstock, "list", "--json").stdout)
    policy = done(penstock.client.get(QUEUE))["policy"]

    assert policy["concurrency"]["value"] == "7"
    assert policy["concurrency"]["origin"] == "operator"
    assert policy["user_weights"]["value"] == "ada=3"
    assert policy["global_concurrency"] == {
        "value": "none", "origin": "default", "source": "", "changed_at": None,
    }  # fmt: skip
    assert {each["name"] for each in listed} >= {"ai", "video", "upload", "probe"}
    assert "operator" in shown.stdout
    reset = cli(penstock, "reset", "probe")
    assert "operator" not in reset.stdout
    assert done(penstock.client.get(QUEUE))["policy"]["concurrency"]["value"] == "2"
    assert done(penstock.client.get(QUEUE))["policy"]["concurrency"]["origin"] == "plugin"


def test_the_value_default_takes_back_what_was_said(penstock: Installation) -> None:
    assert cli(penstock, "set", "probe", "--concurrency", "9").returncode == 0

    cli(penstock, "set", "probe", "--concurrency", "default", "--rate-limit", "3/1s")

    policy = done(penstock.client.get(QUEUE))["policy"]
    assert (policy["concurrency"]["value"], policy["rate_limit"]["value"]) == ("2", "3/1s")


@pytest.mark.parametrize(
    ("arguments", "complaints"),
    [
        (["show", "prob"], ["declares a queue", "'prob'", "did you mean 'probe'"]),
        (["set", "probe", "--concurrency", "none"], ["concurrency", "whole number", "'none'"]),
        (["set", "probe", "--rate-limit", "fast"], ["rate_limit", "10/1s", "'fast'"]),
        (["set", "probe"], ["nothing to set"]),
        (["set", "probe", "--concurency", "3"], ["--concurrency"]),
    ],
)
def test_what_cannot_be_said_says_why(
    penstock: Installation, arguments: list[str], complaints: list[str]
) -> None:
    answer = cli(penstock, *arguments)

    assert answer.returncode != 0
    for complaint in complaints:
        assert complaint in answer.stderr


@pytest.mark.parametrize(
    ("body", "field", "complaint"),
    [
        ({"concurency": 3}, "$.concurency", "did you mean 'concurrency'"),
        ({"paused": "true"}, "$.paused", "pause the queue"),
        ({"concurrency": [3]}, "$.concurrency", "a string, a number, a boolean or null"),
        ({}, "$", "nothing to set"),
    ],
)
def test_a_body_that_cannot_be_taken_names_the_field(
    penstock: Installation, body: dict[str, Any], field: str, complaint: str
) -> None:
    answer = penstock.client.patch(QUEUE, json=body)

    assert answer.status_code == 422
    errors = {each["field"]: each["message"] + each["remedy"] for each in answer.json()["errors"]}
    assert complaint in errors[field]
