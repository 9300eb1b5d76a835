"""``def`` handlers behind taskiq: the same outcomes, results and middlewares as of an async one."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from taskiq import TaskiqMessage, TaskiqMiddleware, TaskiqResult

from penstock import PermanentError
from penstock.app import Application
from penstock.broker import Broker
from penstock.dispatch import Submission
from penstock.ledger import TaskRecord
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings
from tests.integration.broker.number_handlers import QUEUE, Number, double, fail, wait
from tests.services.at_work import at_work, ended

PLUGIN = Plugin(
    name="numbers", distribution="numbers", version="1", queues=[QUEUE], tasks=[double, fail, wait]
)
Outcome = Callable[[str, int], Awaitable[TaskRecord]]


class Doubler(TaskiqMiddleware):
    """Changes what goes in, and writes down what comes out."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[object] = []

    def pre_execute(self, message: TaskiqMessage) -> TaskiqMessage:
        message.args = [Number(message.args[0].value + 100)]
        return message

    def post_execute(self, message: TaskiqMessage, result: TaskiqResult[Any]) -> None:
        self.seen.append(result.return_value)

    def on_error(
        self, message: TaskiqMessage, result: TaskiqResult[Any], exception: BaseException
    ) -> None:
        self.seen.append(result.error)


@pytest.fixture
async def application(environment: dict[str, str], tmp_path: Path) -> AsyncIterator[Application]:
    settings = Settings.load(environment, tmp_path, plugins=["numbers"])
    async with Application(settings, Catalogue(plugins=[PLUGIN])) as application:
        yield application


@pytest.fixture
async def middleware(application: Application) -> AsyncIterator[Doubler]:
    """That of a worker which runs."""
    worker = application.worker()
    middleware = Doubler()
    worker.add_middlewares(middleware)
    async with at_work(worker):
        yield middleware


@pytest.fixture
async def outcome(application: Application) -> AsyncIterator[Outcome]:
    """Runs a task on a worker without middlewares."""

    async def run(name: str, value: int) -> TaskRecord:
        record = await application.dispatch.submit(Submission(name, b'{"value": %d}' % value))
        return await ended(application, record.id)

    async with at_work(application.worker()):
        yield run


@pytest.fixture
async def broker(application: Application) -> AsyncIterator[Broker]:
    broker = application.broker()
    await broker.startup()
    yield broker
    await broker.shutdown()


async def test_a_call_by_kiq_passes_the_middlewares_and_comes_back_typed(
    middleware: Doubler, broker: Broker
) -> None:
    called = await broker.task_of(double).kiq(Number(21))
    result = await called.wait_result(check_interval=0.02, timeout=20)

    assert (result.is_err, result.return_value) == (False, Number(242))
    assert middleware.seen == [{"value": 242}]


async def test_who_waits_for_a_failed_task_gets_its_error(
    middleware: Doubler, broker: Broker, application: Application
) -> None:
    called = await broker.task_of(fail).kiq(Number(-99))
    result = await called.wait_result(check_interval=0.02, timeout=20)

    with pytest.raises(PermanentError, match="1 is odd"):
        result.raise_for_error()
    assert isinstance(middleware.seen[0], PermanentError)
    record = await application.dispatch.find(UUID(called.task_id))
    assert record is not None
    assert record.error is not None
    assert (record.error.code, record.error.type) == (
        "odd",
        "tests.integration.broker.number_handlers.OddError",
    )


@pytest.mark.parametrize(
    ("value", "status", "attempts", "code", "kind"),
    [
        (5, "success", 1, None, None),
        (0, "failed", 1, "handler_error", "ZeroDivisionError"),
        (1, "failed", 1, "odd", "tests.integration.broker.number_handlers.OddError"),
        (2, "failed", 2, "busy", "penstock.declarations.errors.TransientError"),
        (3, "failed", 2, "process_crashed", ""),
        (4, "success", 1, None, None),
        (12, "success", 2, None, None),
        (13, "success", 2, None, None),
    ],
)
async def test_errors_steer_the_task_as_those_of_an_async_handler_do(
    outcome: Outcome, value: int, status: str, attempts: int, code: str | None, kind: str | None
) -> None:
    ended = await outcome("numbers.fail", value)

    assert (ended.status, ended.attempts) == (status, attempts)
    assert (ended.error.code if ended.error else None) == code
    assert (ended.error.type if ended.error else None) == kind


async def test_a_transient_error_comes_back_when_it_says(outcome: Outcome) -> None:
    ended = await outcome("numbers.fail", 12)

    assert ended.started_at is not None
    assert ended.started_at - ended.created_at >= timedelta(seconds=1)


async def test_the_traceback_of_the_process_is_kept_with_the_attempt(
    outcome: Outcome, application: Application
) -> None:
    await outcome("numbers.fail", 0)

    async with application.ledger.database.read("look") as connection:
        kept = await connection.scalar(text("SELECT traceback FROM task_attempt"))
    assert "number_handlers.py" in kept
    assert kept.endswith("ZeroDivisionError: integer division or modulo by zero\n")
    assert "HandlerError" not in kept


async def test_a_timeout_says_what_the_handler_was_doing(
    outcome: Outcome, application: Application
) -> None:
    ended = await outcome("numbers.wait", 1)

    assert ended.error is not None
    assert ended.error.code == "timeout"
    async with application.ledger.database.read("look") as connection:
        kept = await connection.scalar(text("SELECT traceback FROM task_attempt"))
    assert "time.sleep(60)" in kept
    assert "TaskInterrupted: took longer than its timeout of 0:00:00.300000" in kept
    assert kept.rstrip().endswith(
        "HandlerTimeoutError: took longer than its timeout of 0:00:00.300000"
    )
