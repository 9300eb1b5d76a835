"""What callers who know taskiq may rely on."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import pytest
from msgspec import Struct
from redis.asyncio import Redis
from taskiq import Context as TaskiqContext
from taskiq import SendTaskError, TaskiqDepends, TaskiqMessage, TaskiqMiddleware, TaskiqResult

from penstock import Context, PenstockError, PermanentError, Queue, RetryPolicy, task
from penstock.app import Application
from penstock.broker import Broker
from penstock.dispatch import Submission
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings
from tests.services.at_work import at_work, ended

QUICK = RetryPolicy(max_attempts=2, initial_interval=timedelta(milliseconds=20), jitter=0)
QUEUE = Queue("numbers", concurrency=4, retry=QUICK)


class Number(Struct):
    value: int


@task("numbers.double", queue=QUEUE)
async def double(number: Number, ctx: Context) -> Number:
    """Twice as much."""
    return Number(number.value * 2)


@task("numbers.halve", queue=QUEUE, unique=True)
async def halve(number: Number) -> Number:
    """One at a time of each number."""
    return Number(number.value // 2)


@task("numbers.refuse", queue=QUEUE)
async def refuse(number: Number) -> Number:
    """Never."""
    raise PermanentError(f"{number.value} is no number for me")


def current_id(context: Annotated[TaskiqContext, TaskiqDepends()]) -> str:
    return context.message.task_id


@task("numbers.who", queue=QUEUE)
async def who(number: Number, me: Annotated[str, TaskiqDepends(current_id)]) -> dict[str, str]:
    """Its own id, by taskiq's dependency injection, asked for twice around a pause."""
    await asyncio.sleep(0.01 * number.value)
    return {"id": me}


class Tuning(Struct, frozen=True):
    factor: int = 1


class Unknown(Struct, frozen=True):
    pass


@task("numbers.tuned", queue=QUEUE)
async def tuned(number: Number, ctx: Context) -> Number:
    """As often as the operator says; a negative number asks for settings that nobody declares."""
    if number.value < 0:
        ctx.settings(Unknown)
    return Number(number.value * ctx.settings(Tuning).factor)


PLUGIN = Plugin(
    name="numbers",
    distribution="numbers",
    version="1",
    queues=[QUEUE],
    tasks=[double, halve, refuse, who, tuned],
    settings=[Tuning],
)


@pytest.fixture
def settings(environment: dict[str, str], tmp_path: Path) -> Settings:
    said = {**environment, "PENSTOCK_NUMBERS_FACTOR": "7"}
    return Settings.load(said, tmp_path, plugins=["numbers"])


@pytest.fixture
async def application(settings: Settings) -> AsyncIterator[Application]:
    async with Application(settings, Catalogue(plugins=[PLUGIN])) as application:
        yield application


@pytest.fixture
async def broker(application: Application) -> AsyncIterator[Broker]:
    broker = application.broker()
    await broker.startup()
    yield broker
    await broker.shutdown()


async def test_a_call_of_a_unique_type_has_a_result_of_its_own(
    application: Application, broker: Broker
) -> None:
    calls = [await broker.task_of(halve).kiq(Number(8)) for _ in range(2)]

    async with at_work(application.worker()):
        results = [await each.wait_result(timeout=10) for each in calls]

    assert [each.return_value for each in results] == [Number(4)] * 2


async def test_a_call_by_kiq_is_an_ordinary_task_and_its_result_comes_back_typed(
    application: Application, broker: Broker
) -> None:
    async with at_work(application.worker()):
        called = await broker.task_of(double).kiq(Number(21))
        result = await called.wait_result(check_interval=0.02, timeout=10)

    assert (result.is_err, result.return_value) == (False, Number(42))
    found = await application.dispatch.find(UUID(called.task_id))
    assert found is not None
    assert (found.status, bytes(found.result or b"")) == ("success", b'{"value":42}')


async def test_results_are_json_under_a_prefix_with_a_ttl(
    application: Application, broker: Broker, redis_url: str, namespace: str
) -> None:
    async with at_work(application.worker()):
        called = await broker.task_of(double).kiq(Number(1))
        await called.wait_result(check_interval=0.02, timeout=10)

    async with Redis.from_url(redis_url) as redis:
        key = f"{namespace}:result:{called.task_id}"
        assert bytes(await redis.get(key) or b"")[:1] == b"{"  # type: ignore[arg-type]
        assert 0 < await redis.ttl(key) <= 86_400


async def test_a_failed_task_raises_its_error_for_who_waits(
    application: Application, broker: Broker
) -> None:
    async with at_work(application.worker()):
        called = await broker.task_of(refuse).kiq(Number(3))
        result = await called.wait_result(check_interval=0.02, timeout=10)

    assert result.is_err
    with pytest.raises(PermanentError, match="3 is no number for me"):
        result.raise_for_error()


async def test_tasks_from_the_api_leave_nothing_in_the_result_backend(
    application: Application, redis_url: str, namespace: str
) -> None:
    async with at_work(application.worker()):
        task_record = await application.dispatch.submit(
            Submission("numbers.double", b'{"value": 1}')
        )
        await ended(application, UUID(str(task_record.id)))

    async with Redis.from_url(redis_url) as redis:
        assert [key async for key in redis.scan_iter(f"{namespace}:result:*")] == []


async def test_dependencies_of_concurrent_tasks_see_their_own_context(
    application: Application, broker: Broker
) -> None:
    async with at_work(application.worker()):
        calls = [await broker.task_of(who).kiq(Number(number)) for number in (3, 2, 1, 0)]
        results = [await each.wait_result(check_interval=0.02, timeout=10) for each in calls]

    assert [each.return_value["id"] for each in results] == [each.task_id for each in calls]


async def test_labels_set_priority_delay_and_user(application: Application, broker: Broker) -> None:
    kicker = broker.task_of(double).kicker()
    labels: dict[str, Any] = {"priority": "urgent", "delay": 60, "user_id": "ada", "hue": "blue"}
    called = await kicker.with_labels(**labels).kiq(number=Number(1))

    found = await application.dispatch.find(UUID(called.task_id))
    assert found is not None
    assert (found.priority, found.user_id) == (10, "ada")
    assert found.run_at is not None
    assert found.run_at - found.created_at == timedelta(seconds=60)


async def test_labels_set_the_times_of_a_task(application: Application, broker: Broker) -> None:
    kicker = broker.task_of(double).kicker()
    labels: dict[str, Any] = {
        "run_at": "2026-01-01T00:00:00+01:00",
        "ttl": 60,
        "deadline": datetime.now(UTC).replace(microsecond=0) + timedelta(days=1),
    }
    called = await kicker.with_labels(**labels).kiq(number=Number(1))

    found = await application.dispatch.find(UUID(called.task_id))
    assert found is not None
    assert found.run_at == datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert found.expires_at == found.created_at + timedelta(seconds=60)
    assert found.deadline == labels["deadline"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"ttl": "soon"}, "a label of 'numbers.double' has a wrong value"),
        ({"deadline": "tomorrow"}, "Invalid RFC3339 encoded datetime"),
        ({"max_retries": 3}, "label 'max_retries' does nothing in Penstock"),
        ({"ack_type": "when_received"}, "label 'ack_type' does nothing"),
        ({"queue_name": "letters"}, "runs on queue 'numbers'"),
        ({"priority": "urgnet"}, "did you mean 'urgent'"),
    ],
)
async def test_labels_that_would_do_nothing_are_refused(
    broker: Broker, labels: dict[str, Any], message: str
) -> None:
    with pytest.raises(SendTaskError) as refusal:
        await broker.task_of(double).kicker().with_labels(**labels).kiq(Number(1))

    assert message in str(refusal.value.__cause__)


async def test_a_wrong_argument_is_refused_before_anything_is_written(broker: Broker) -> None:
    with pytest.raises(SendTaskError) as refusal:
        await broker.task_of(double).kiq("twenty-one")

    assert "Expected `object`, got `str`" in str(refusal.value.__cause__)


class Recorder(TaskiqMiddleware):
    """Writes down what it is told; fails before the run if it was asked to."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__()
        self.events: list[str] = []
        self._fails = fails

    def pre_execute(self, message: TaskiqMessage) -> TaskiqMessage:
        self.events.append("pre_execute")
        if self._fails:
            raise RuntimeError("not today")
        return message

    def post_execute(self, message: TaskiqMessage, result: TaskiqResult[Any]) -> None:
        self.events.append("post_execute")

    def on_error(
        self, message: TaskiqMessage, result: TaskiqResult[Any], exception: BaseException
    ) -> None:
        self.events.append("on_error")

    def post_save(self, message: TaskiqMessage, result: TaskiqResult[Any]) -> None:
        self.events.append("post_save")


async def test_middlewares_are_called_in_taskiqs_order(application: Application) -> None:
    recorder = Recorder()
    worker = application.worker()
    worker.add_middlewares(recorder)
    async with at_work(worker):
        record = await application.dispatch.submit(Submission("numbers.double", b'{"value": 1}'))
        await ended(application, record.id)

    assert recorder.events == ["pre_execute", "post_execute", "post_save"]


async def test_a_middleware_that_fails_before_the_run_is_a_failed_attempt_with_its_error(
    application: Application,
) -> None:
    worker = application.worker()
    worker.add_middlewares(Recorder(fails=True))
    async with at_work(worker):
        record = await application.dispatch.submit(Submission("numbers.double", b'{"value": 1}'))
        found = await ended(application, record.id)

    assert (found.status, found.attempts) == ("failed", 2)
    assert found.error is not None
    assert found.error.message == "not today"


async def test_two_applications_live_side_by_side_and_leave_the_plugin_alone(
    application: Application, settings: Settings
) -> None:
    async with Application(settings, Catalogue(plugins=[PLUGIN])) as other:
        assert other.broker().task_of(double) is not application.broker().task_of(double)
    assert double.handler.__name__ == "double"
    assert not [name for name in globals() if name.endswith("__taskiq_original")]


async def test_a_handler_gets_the_settings_that_its_plugin_declares(
    application: Application, broker: Broker
) -> None:
    async with at_work(application.worker()):
        called = await broker.task_of(tuned).kiq(Number(6))
        undeclared = await broker.task_of(tuned).kiq(Number(-1))
        result = await called.wait_result(check_interval=0.02, timeout=10)
        failed = await undeclared.wait_result(check_interval=0.02, timeout=10)

    assert result.return_value == Number(42)
    assert "return it from the hook penstock_settings" in str(failed.error)


async def test_a_wrong_setting_of_a_plugin_stops_the_process_at_its_start(
    tmp_path: Path,
) -> None:
    wrong = {"PENSTOCK_NUMBERS_FACTOR": "many"}

    with pytest.raises(PenstockError, match="expected PENSTOCK_NUMBERS_FACTOR"):
        Application(
            Settings.load(wrong, tmp_path, plugins=["numbers"]), Catalogue(plugins=[PLUGIN])
        )
