"""What operators, plugins and defaults say together, and what workers make of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec import Struct
from sqlalchemy import text

from penstock import (
    Provider,
    Queue,
    RateLimit,
    RetryPolicy,
    SettingsReader,
    TaskListener,
    TaskOutcome,
    task,
)
from penstock.app import Application
from penstock.dispatch import InvalidPolicyError, Policies, Submission, TaskTypeDisabledError
from penstock.ledger import Status, TaskRecord
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings
from tests.integration.dispatch.conftest import until
from tests.services.start_times import most_within, start_times

RATE, JITTER, AT_ONCE = 10, 0.3, 4
MIXED = Queue(
    "mixed",
    concurrency=AT_ONCE,
    rate_limit=RateLimit(limit=RATE, period=timedelta(seconds=1)),
    retry=RetryPolicy(max_attempts=7, initial_interval=timedelta(seconds=30), jitter=JITTER),
)
PLAIN = Queue("plain", concurrency=AT_ONCE)
MODEL = Provider("model", concurrency=1)


class Step(Struct):
    seconds: float = 0
    fails: bool = False


class Seen:
    """What the handlers of this process did, and whose they are."""

    at_work: Application

    def __init__(self) -> None:
        self.starts: list[float] = []
        self.failing: list[float] = []
        self.plans: list[timedelta] = []
        self.running = 0
        self.most = 0


seen = Seen()


@asynccontextmanager
async def _planned(_: SettingsReader) -> AsyncIterator[Any]:
    async def tell(outcome: TaskOutcome) -> None:
        if outcome.run_at is not None and outcome.error_code == "handler_error":
            seen.plans.append(outcome.run_at - outcome.finished_at)

    yield tell


async def step(given: Step) -> None:
    seen.starts.append(time.monotonic())
    if given.fails:
        seen.failing.append(time.monotonic())
    seen.running += 1
    seen.most = max(seen.most, seen.running)
    try:
        await asyncio.sleep(given.seconds)
        if given.fails:
            raise ValueError("on purpose")
    finally:
        seen.running -= 1


mixed = task("mixed.step", queue=MIXED, timeout=timedelta(minutes=1))(step)
own = task("plain.own", queue=PLAIN, retry=RetryPolicy(max_attempts=6))(step)
with_model = task("plain.model", queue=PLAIN, provider=MODEL)(step)
PLUGIN = Plugin(
    name="acme",
    distribution="penstock-acme",
    version="1",
    queues=[MIXED, PLAIN],
    tasks=[mixed, own, with_model],
    providers=[MODEL],
    listeners=[TaskListener("plans", open=_planned, statuses={"pending"})],
)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    seen.__init__()  # type: ignore[misc]


Site = Callable[..., Any]


@pytest.fixture
def site(redis_url: str, namespace: str, sqlite_url: str, tmp_path: Path) -> Site:
    """Runs a worker; what operators say comes through another process' objects."""

    @asynccontextmanager
    async def run(toml: str = "", **variables: str) -> AsyncIterator[Application]:
        environment = {
            "REDIS_URL": redis_url,
            "DATABASE_URL": sqlite_url,
            "PENSTOCK_NAMESPACE": namespace,
            "PENSTOCK_LEASE_SECONDS": "2",
            **variables,
        }
        (tmp_path / "penstock.toml").write_text(toml)
        settings = Settings.load(environment, tmp_path)
        catalogue = Catalogue(plugins=[PLUGIN])
        stop = asyncio.Event()
        async with Application(settings, catalogue) as at_work:
            seen.at_work = at_work
            running = asyncio.create_task(at_work.worker().run(stop))
            operator = Application(settings, catalogue)
            try:
                yield operator
            finally:
                stop.set()
                await running
                await operator.close()

    return run


async def submit(site: Application, name: str, *, times: int = 1, **step: Any) -> list[UUID]:
    given = msgspec.json.encode(Step(**step))
    return [(await site.dispatch.submit(Submission(name, given))).id for _ in range(times)]


async def ended(site: Application, *ids: UUID, within: float = 30) -> list[TaskRecord]:
    async def records() -> list[TaskRecord]:
        found = [await site.dispatch.find(each) for each in ids]
        return [each for each in found if each and each.finished_at]

    async def all_of_them() -> bool:
        return len(await records()) == len(ids)

    await until(all_of_them, within=within)
    return await records()


async def heard(is_so: Callable[[Policies], bool]) -> None:
    """Wait for the worker to hear of a change."""

    async def it_is() -> bool:
        return is_so(seen.at_work.policies)

    await until(it_is)


async def test_what_is_explained_is_what_workers_do(site: Site, tmp_path: Path) -> None:
    toml = """
        [tasks."mixed.step"]
        initial_interval = "200ms"
    """
    async with site(toml, PENSTOCK_TASK_MIXED_STEP_TIMEOUT="400ms") as operator:
        await operator.queue_control.set("mixed", {"concurrency": "2"}, by="ada")
        said = {"max_attempts": "4"}
        explained = await operator.policy_control.set_task_type("mixed.step", said, by="ada")

        policy = {each.knob: each for each in explained.policy}
        origins = {
            knob: (policy[knob].value, policy[knob].origin, policy[knob].source)
            for knob in (
                "max_attempts", "initial_interval", "timeout", "jitter", "backoff_coefficient",
                "concurrency", "rate_limit", "max_waiting",
            )
        }  # fmt: skip
        place = f'tasks."mixed.step".initial_interval (line 3 of {tmp_path / "penstock.toml"})'
        assert origins == {
            "max_attempts": ("4", "operator", "ada"),
            "initial_interval": ("200ms", "file", place),
            "timeout": ("400ms", "environment", "PENSTOCK_TASK_MIXED_STEP_TIMEOUT"),
            "jitter": (str(JITTER), "queue", "mixed"),
            "backoff_coefficient": ("2", "default", ""),
            "concurrency": ("2", "operator", "ada"),
            "rate_limit": (f"{RATE}/1s", "plugin", "acme"),
            "max_waiting": ("none", "default", ""),
        }
        over = [(each.value, each.origin) for each in policy["max_attempts"].over]
        assert over == [("7", "queue"), ("3", "default")]
        assert [each.value for each in policy["timeout"].over] == ["1m", "none"]

        # Attempts, the waits between them, and the time-out.
        failing = await submit(operator, "mixed.step", fails=True)
        failed, late = await ended(
            operator, *failing, *await submit(operator, "mixed.step", seconds=30)
        )
        assert (failed.status, failed.attempts) == (Status.FAILED, 4)
        assert late.error is not None
        assert (late.error.code, late.attempts) == ("timeout", 4)
        waits = [b - a for a, b in zip(seen.failing, seen.failing[1:], strict=False)]
        assert len(waits) == len(seen.plans) == 3
        for number, (plan, wait) in enumerate(zip(seen.plans, waits, strict=True)):
            policy = timedelta(seconds=0.2) * 2**number
            assert policy * (1 - JITTER) <= plan <= policy * (1 + JITTER) + timedelta(seconds=0.1)
            assert wait >= 0.2 * 2**number * (1 - JITTER)

        # How many at once, and how often they start.
        seen.__init__()  # type: ignore[misc]
        await asyncio.sleep(1)
        tasks = await submit(operator, "mixed.step", times=25, seconds=0.05)
        await ended(operator, *tasks)
        assert seen.most == 2
        async with operator.ledger.database.read("look") as connection:
            of_these = text("SELECT lease FROM task WHERE attempts = 1")
            leases = (await connection.scalars(of_these)).all()
        assert len(leases) == len(tasks)
        assert most_within(start_times(leases), 1000) == RATE


async def test_the_word_of_an_operator_about_a_task_type_stands_over_that_about_its_queue(
    site: Site,
) -> None:
    async with site() as operator:
        of_queue = {"max_attempts": "1", "initial_interval": "100ms"}
        await operator.queue_control.set("plain", of_queue, by="ada")
        (once,) = await ended(operator, *await submit(operator, "plain.own", fails=True))
        assert once.attempts == 1

        said = {"max_attempts": "2"}
        explained = await operator.policy_control.set_task_type("plain.own", said, by="bob")
        (twice,) = await ended(operator, *await submit(operator, "plain.own", fails=True))

    assert twice.attempts == 2
    attempts = next(each for each in explained.policy if each.knob == "max_attempts")
    assert (attempts.value, attempts.said_of, attempts.source) == ("2", "task", "bob")
    assert [(each.value, each.said_of, each.origin) for each in attempts.over] == [
        ("1", "queue", "operator"),
        ("6", "task", "task"),
        ("3", "task", "default"),
    ]


def own_timeout(policies: Policies) -> timedelta | None:
    return policies.catalogue.task_types["plain.own"].timeout


async def test_a_time_out_that_is_changed_holds_for_the_next_run(site: Site) -> None:
    async with site() as operator:
        said = {"timeout": "200ms", "max_attempts": "1"}
        await operator.policy_control.set_task_type("plain.own", said, by="ada")
        await heard(lambda each: own_timeout(each) == timedelta(milliseconds=200))
        (late,) = await ended(operator, *await submit(operator, "plain.own", seconds=30))
        assert late.error is not None
        assert late.error.code == "timeout"

        await operator.policy_control.reset_task_type("plain.own", by="ada")
        await heard(lambda each: own_timeout(each) is None)
        (done,) = await ended(operator, *await submit(operator, "plain.own", seconds=0.4))
    assert done.status is Status.SUCCESS


async def test_a_disabled_task_type_takes_nothing_and_what_waits_is_parked_until_it_is_enabled(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async with site(PENSTOCK_TASK_PLAIN_OWN_ENABLED="true") as operator:
        await operator.queue_control.pause("plain", by="ada")
        await heard(lambda each: each.is_paused("plain"))
        waiting = await submit(operator, "plain.own", times=3)
        await operator.policy_control.set_task_type("plain.own", {"enabled": "false"}, by="ada")
        with pytest.raises(TaskTypeDisabledError, match=r"plain\.own --enabled true"):
            await submit(operator, "plain.own")
        await operator.queue_control.resume("plain", by="ada")

        async def are_parked() -> bool:
            status = await operator.dispatch.queue_status()
            return bool(status["plain"].parked == 3)

        await until(are_parked)
        # Others of the same queue go on.
        await ended(operator, *await submit(operator, "plain.model"))
        assert len(seen.starts) == 1
        said = "tasks of type 'plain.own' are parked: an operator has disabled it"
        assert caplog.text.count(said) == 1

        await operator.policy_control.reset_task_type("plain.own", by="ada")
        done = await ended(operator, *waiting)
    assert {(each.status, each.attempts) for each in done} == {(Status.SUCCESS, 1)}


async def started(times: int) -> bool:
    return len(seen.starts) >= times


async def are_slow(before: int) -> bool:
    """Five tasks in a row took longer than twenty would have."""
    return len(seen.starts) >= before + 5 and seen.starts[-1] - seen.starts[-5] > 1


async def reached(most: int) -> bool:
    assert seen.most <= most
    return seen.most == most


async def test_the_limits_of_a_provider_change_while_its_tasks_wait(site: Site) -> None:
    async with site() as operator:
        tasks = await submit(operator, "plain.model", times=200, seconds=0.1)
        await until(partial(started, 3))
        assert seen.most == 1

        for limit, most in (("3", 3), ("none", AT_ONCE)):
            await operator.policy_control.set_provider("model", {"concurrency": limit}, by="ada")
            await until(partial(reached, most))
        said = {"concurrency": "none", "rate_limit": "2/1s"}
        shown = await operator.policy_control.set_provider("model", said, by="ada")
        await heard(lambda each: each.catalogue.providers["model"].rate_limit is not None)
        await until(partial(are_slow, len(seen.starts)))
        assert shown.policy["rate_limit"].value == "2/1s"
        await operator.policy_control.reset_provider("model", by="ada")
        await operator.dispatch.cancel_all(tasks, reason="enough was seen")
        await ended(operator, *tasks)


async def test_a_limit_that_is_taken_away_lets_go_at_once_what_waited_for_it(site: Site) -> None:
    async with site(PENSTOCK_PROVIDER_MODEL_RATE_LIMIT="1/1h") as operator:
        tasks = await submit(operator, "plain.model", times=3)
        await ended(operator, tasks[0])
        await asyncio.sleep(0.3)
        assert len(seen.starts) == 1

        await operator.policy_control.set_provider("model", {"rate_limit": "none"}, by="ada")

        await ended(operator, *tasks)


async def test_what_a_task_type_cannot_have_is_refused_whole(site: Site) -> None:
    async with site() as operator:
        said = {"max_memory": "1GiB", "timeout": "soon", "provider": "model"}
        with pytest.raises(InvalidPolicyError) as caught:
            await operator.policy_control.set_task_type("plain.own", said, by="ada")
        assert "expected timeout of task type 'plain.own' to be a time" in str(caught.value)
        assert "'provider' cannot be set of a task type" in str(caught.value)
        with pytest.raises(InvalidPolicyError, match="'async def'"):
            await operator.policy_control.set_task_type("plain.own", {"max_memory": "1GiB"}, by="a")
        explained = await operator.policy_control.explain("plain.own")
    assert {each.origin for each in explained.policy if each.of == "task"} == {"task", "default"}
