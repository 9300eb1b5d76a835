"""A task type that is tried out: its inputs, and what comes of each when nothing disturbs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec

from penstock.declarations import SyncTaskType, TaskType
from penstock.dispatch import InvalidInputError
from penstock.testing import typed
from penstock.testing.contract.advice import BrokenPromiseError
from penstock.testing.contract.outputs import plain, shown
from penstock.testing.contract.paid_calls import PaidCalls
from penstock.testing.harness import Harness
from penstock.testing.run import Run

Same = Callable[[Any, Any], bool]


@dataclass(frozen=True, kw_only=True)
class Alone:
    """What an input came to, when its task ran alone."""

    input: Any
    output: Any
    run: Run[Any]
    paid: PaidCalls
    skipped: float
    """Seconds that the handler slept."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A task type of the plugin under test, and how to try it."""

    who: str
    task_type: TaskType[Any, Any]
    inputs: Sequence[Any]
    same: Same
    paid_calls: Callable[[], int]

    @property
    def what(self) -> str:
        """For messages."""
        return f"task type {self.task_type.name!r} of {self.who}"

    @property
    def is_sync(self) -> bool:
        """Whether its handler is a ``def``."""
        return isinstance(self.task_type, SyncTaskType)

    async def alone(self, harness: Harness, value: Any) -> Alone:
        """Run it, with nothing else under way.

        Raises:
            BrokenPromiseError: it does not succeed.
        """
        before = harness.clock.skipped
        with PaidCalls.counted(self.paid_calls) as paid:
            run = await self._succeeded(harness, value)
        paid.charged = run.charged
        skipped = (harness.clock.skipped - before).total_seconds()
        return Alone(input=value, output=plain(run), run=run, paid=paid, skipped=skipped)

    async def _succeeded(self, harness: Harness, value: Any) -> Run[Any]:
        run = await harness.start(self.task_type, value)
        if run.error is None:
            return run
        raise BrokenPromiseError(
            f"an example of {self.what} failed with {run.error.code!r}: {run.error.message}\n"
            f"its input was {shown(value)}; examples shall succeed on a fresh installation: "
            "give the test another one by 'examples', or settings by 'settings'"
        ) from run.exception

    async def differs(self, harness: Harness, alone: Alone, run: Run[Any]) -> bool:
        """Whether ``run`` returned something else than the task does whenever it is alone."""
        if self.same(alone.output, plain(run)):
            return False
        # An output may be another one each time, and then says nothing: it holds the time, say.
        once_more = await self._succeeded(harness, alone.input)
        return self.same(alone.output, plain(once_more))


def variants(task_type: TaskType[Any, Any], value: Any) -> Iterator[Any]:
    """Other inputs like ``value``: one text in it is a little longer."""
    plain_value = msgspec.json.decode(typed.input_to_json(task_type, value))
    if isinstance(plain_value, str):
        changed: list[Any] = [f"{plain_value}x"]
    elif isinstance(plain_value, dict):
        texts = [name for name, each in plain_value.items() if isinstance(each, str)]
        changed = [{**plain_value, name: f"{plain_value[name]}x"} for name in texts]
    else:
        changed = []
    for each in changed:
        # What does not fit is no input.
        with suppress(InvalidInputError):
            yield typed.input_from_json(task_type, msgspec.json.encode(each))
