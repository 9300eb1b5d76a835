"""taskiq's broker over Penstock: ``.kiq()`` makes ordinary tasks, ``listen()`` delivers them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from copy import copy
from typing import Any

import msgspec
from taskiq import (
    AckableMessage,
    AsyncBroker,
    AsyncTaskiqDecoratedTask,
    BrokerMessage,
    TaskiqMiddleware,
)
from taskiq.kicker import AsyncKicker
from uuid_utils.compat import uuid7

from penstock.broker import labels
from penstock.broker.messages import (
    Envelope,
    JsonFormatter,
    UnusableMessageError,
    input_of,
    task_id_of,
)
from penstock.broker.ports import Intake, TaskSource
from penstock.broker.results import return_type
from penstock.declarations import TaskType
from penstock.dispatch import Submission
from penstock.plugins import Catalogue


class RegisteredTask(AsyncTaskiqDecoratedTask[Any, Any]):
    """A task type as taskiq sees it.

    taskiq's own constructor renames the function and writes into its module, for the sake of
    process pools. A plugin's module is not ours to change, and two applications may share it.
    """

    def __init__(  # the base's constructor is left out on purpose, see above
        self,
        broker: AsyncBroker,
        task_name: str,
        original_func: Any,
        labels: dict[str, Any],  # noqa: A002, RUF100  (taskiq's parameter name)
        return_type: Any = None,
    ) -> None:
        self.broker = broker
        self.task_name = task_name
        self.original_func = original_func
        self.labels = labels
        self.return_type = return_type

    def kicker(self) -> AsyncKicker[Any, Any]:
        """A call to be, with labels."""
        return _Kicker(
            task_name=self.task_name,
            broker=self.broker,
            labels=copy(self.labels),
            return_type=self.return_type,
        )


class _Kicker(AsyncKicker[Any, Any]):
    @classmethod
    def _prepare_arg(cls, arg: Any) -> Any:
        """As it is: the formatter writes models by the names that they are read by."""
        return arg


class Broker(AsyncBroker):
    """A broker for the task types of a catalogue.

    Args:
        consumer: where :meth:`listen` takes tasks from; only a worker's broker has one.
    """

    def __init__(
        self, *, catalogue: Catalogue, dispatch: Intake, consumer: TaskSource | None = None
    ) -> None:
        super().__init__()
        self.id_generator = lambda: str(uuid7())
        self.formatter = JsonFormatter()
        self.catalogue = catalogue
        self.consumer = consumer
        self.dispatch = dispatch
        self._shared: list[TaskiqMiddleware] = []
        for task_type in catalogue.task_types.values():
            self._register(task_type)

    def _register(self, task_type: TaskType[Any, Any]) -> None:
        self.local_task_registry[task_type.name] = RegisteredTask(
            self,
            task_type.name,
            task_type.handler,
            {},
            return_type(task_type.output),
        )

    def task_of(self, task_type: TaskType[Any, Any]) -> AsyncTaskiqDecoratedTask[Any, Any]:
        """``task_type`` as a taskiq task: ``await broker.task_of(resize).kiq(Resize(...))``.

        Raises:
            UnknownTaskTypeError: no loaded plugin declares it.
        """
        return self.local_task_registry[self.catalogue.task_type(task_type.name).name]

    def share_middlewares(self, middlewares: Sequence[TaskiqMiddleware]) -> None:
        """Put ``middlewares`` in force that whoever calls this starts and stops, once for all.

        Call it after :meth:`startup`.
        """
        self._shared += middlewares
        self.add_middlewares(*middlewares)

    async def shutdown(self) -> None:
        """See taskiq."""
        self.middlewares = [each for each in self.middlewares if each not in self._shared]
        await super().shutdown()

    async def kick(self, message: BrokerMessage) -> None:
        """Accept a call as a task; on return its row is committed."""
        envelope = msgspec.json.decode(message.message, type=Envelope)
        task_type = self.catalogue.task_type(envelope.task_name)
        options = labels.read(envelope.labels, task_type)
        submission = Submission(
            task_type.name,
            input_of(envelope, task_type),
            priority=options.priority,
            user_id=options.user_id,
            delay=options.delay,
            run_at=options.run_at,
            ttl=options.ttl,
            deadline=options.deadline,
            id=task_id_of(envelope),
            labels=msgspec.json.encode(envelope.labels).decode(),
            # Whoever called it waits for this very id.
            unique=False,
        )
        await self.dispatch.submit(submission)

    async def listen(self) -> AsyncGenerator[bytes | AckableMessage, None]:
        """Started tasks, for a receiver of taskiq's own; ours takes them from the consumer."""
        consumer = self.require_consumer()
        while True:
            for each in await consumer.deliveries():
                yield each.ackable()

    def require_consumer(self) -> TaskSource:
        """The consumer of a worker's broker.

        Raises:
            UnusableMessageError: this broker only submits.
        """
        if self.consumer is None:
            message = "this broker only submits tasks; 'penstock worker' runs them"
            raise UnusableMessageError(message)
        return self.consumer
