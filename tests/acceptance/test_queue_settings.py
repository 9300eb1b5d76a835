"""What an operator says of a queue while its workers are busy."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from penstock.cli.root import root
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
    """Tasks that note when they start and end."""

    def __init__(
        self, penstock: Installation, tasks: int, seconds: float = 0.01, until: Path | str = ""
    ) -> None:
        self._log = penstock.folder / "load.log"
        self._log.touch()
        probe = {"log": str(self._log), "seconds": seconds, "until": str(until)}
        self.ids = [penstock.submit("probe.sleep", probe) for _ in range(tasks)]

    def starts(self, since: float = 0) -> list[float]:
        """The moments at which tasks started."""
        return [moment for moment, _ in self.starts_beside_others() if moment >= since]

    def starts_beside_others(self) -> list[tuple[float, int]]:
        """Those moments, and how many ran then."""
        found, running = [], 0
        for line in self._log.read_text().splitlines():
            what, _, _, moment, _ = line.split()
            running += 1 if what == "start" else -1
            if what == "start":
                found.append((float(moment), running))
        return found

    def last_start_of_a_burst(self, since: float, more_than: int) -> float:
        """The last start that is one of more than so many within a second; ``since`` if none is."""
        times = sorted(self.starts(since))
        bursts = zip(times, times[more_than:], strict=False)
        # The clocks of handlers are read a little later than the engine's.
        return max((last for first, last in bursts if last - first < 0.9), default=since)

    def last_start(self) -> float:
        """The last start, once a second has gone by without another."""
        before: list[float] = []
        while before != (before := self.starts()):
            time.sleep(1)
        return before[-1]


def said(penstock: Installation, **values: object) -> dict[str, Any]:
    answer = penstock.client.patch(QUEUE, json=values)
    assert answer.status_code == 200, answer.text
    policy: dict[str, Any] = answer.json()["data"]["policy"]
    return policy


def done(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def cli(penstock: Installation, *arguments: str) -> Result:
    environment = {
        **penstock.environment,
        "PENSTOCK_URL": f"http://127.0.0.1:{penstock.port}",
        "COLUMNS": "200",
    }
    return CliRunner().invoke(root, ["queue", *arguments], env=environment)


# How long a change took is measured thrice: a machine that stands still for a moment does not do so
# each time.


def test_a_limit_that_is_lowered_and_raised_under_load_holds_within_a_second(
    penstock: Installation,
) -> None:
    said(penstock, concurrency=20, rate_limit="5/1s")
    load = Load(penstock, 250)
    penstock.start_workers(2, "probe")
    wait_until(lambda: len(load.starts()) >= 5, what="the load to start")

    def seconds_to_raise() -> float:
        raised = time.time()
        # The last word counts, however soon it follows.
        said(penstock, rate_limit="1/1m")
        said(penstock, rate_limit="40/1s")
        wait_until(
            lambda: load.last_start_of_a_burst(raised, 5) > raised,
            what="more to start than before",
        )
        return time.time() - raised

    def seconds_to_lower() -> float:
        lowered = time.time()
        said(penstock, rate_limit="5/1s")
        wait_until(lambda: len(load.starts(lowered + WITHIN)) >= 8, what="the load to go on")
        return load.last_start_of_a_burst(lowered, 5) - lowered

    took = [(seconds_to_raise(), seconds_to_lower()) for _ in range(3)]

    assert min(seconds for seconds, _ in took) <= WITHIN
    assert min(seconds for _, seconds in took) <= WITHIN


def test_a_concurrency_that_is_raised_and_lowered_under_load_holds_within_a_second(
    penstock: Installation,
) -> None:
    load = Load(penstock, 120, seconds=0.25)
    penstock.start_worker("probe")
    wait_until(lambda: len(load.starts()) >= 2, what="the load to start")

    def reached(running: int, since: float) -> list[float]:
        starts = load.starts_beside_others()
        return [at for at, beside in starts if at >= since and beside == running]

    def seconds_to_raise() -> float:
        raised = time.time()
        said(penstock, concurrency=10)
        wait_until(lambda: reached(10, raised) != [], what="ten to run at once")
        return reached(10, raised)[0] - raised

    def seconds_to_lower() -> float:
        lowered = time.time()
        said(penstock, concurrency=1)
        # What ran goes on; then one at a time.
        wait_until(lambda: len(reached(1, lowered)) >= 4, what="one to run alone")
        starts = load.starts_beside_others()
        together = [at for at, beside in starts if at >= lowered and beside > 1]
        return max(together, default=lowered) - lowered

    took = [(seconds_to_raise(), seconds_to_lower()) for _ in range(3)]

    assert min(seconds for seconds, _ in took) <= WITHIN
    assert min(seconds for _, seconds in took) <= WITHIN
    assert max(beside for _, beside in load.starts_beside_others()) == 10


def test_a_paused_queue_starts_nothing_also_after_a_restart(penstock: Installation) -> None:
    load = Load(penstock, 250, seconds=0.2)
    first, _ = penstock.start_workers(2, "probe")
    wait_until(lambda: len(load.starts()) >= 4, what="the load to start")

    def seconds_to_stop() -> float:
        paused = time.time()
        assert done(penstock.client.post(f"{QUEUE}/pause"))["paused"]
        return load.last_start() - paused

    def seconds_to_go_on() -> float:
        resumed = time.time()
        done(penstock.client.post(f"{QUEUE}/resume"))
        wait_until(lambda: load.starts(resumed) != [], what="the queue to go on")
        return load.starts(resumed)[0] - resumed

    took = [(seconds_to_stop(), seconds_to_go_on()) for _ in range(3)]

    done(penstock.client.post(f"{QUEUE}/pause"))
    last = load.last_start()
    assert penstock.stop(first) == 0
    penstock.start_worker("probe")
    accepted = penstock.submit("probe.sleep", {"log": str(penstock.folder / "other.log")})
    assert load.last_start() == last
    assert penstock.queue_status()["probe"]["paused"]
    assert penstock.task(accepted)["status"] == "pending"
    assert min(seconds for seconds, _ in took) <= WITHIN
    assert min(seconds for _, seconds in took) <= WITHIN


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
    assert cli(penstock, "resume", "probe").exit_code == 0
    wait_until(
        lambda: penstock.post("probe.sleep", {"log": "nowhere"}).status_code == 202,
        what="the queue to take tasks again",
    )


def test_a_purge_cancels_what_waits_and_nothing_else(
    on_any_database: Installation, gate: Path
) -> None:
    penstock = on_any_database
    load = Load(penstock, 30, until=gate)
    penstock.start_worker("probe")
    wait_until(lambda: len(load.starts()) == 2, what="two tasks to run")

    asked = cli(penstock, "purge", "probe")
    purged = cli(penstock, "purge", "probe", "--yes", "--json")

    assert asked.exit_code == 1
    assert json.loads(purged.stdout)["cancelled"] == 28, purged
    gate.touch()
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
    assert cli(penstock, "set", "probe", "--concurrency", "9").exit_code == 0

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

    assert answer.exit_code != 0
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
