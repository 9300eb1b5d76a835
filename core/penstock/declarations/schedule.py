"""A schedule: a task that is submitted again and again."""

from __future__ import annotations

import re
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from typing import Any, Literal, get_args

from penstock.declarations import checks, task_input
from penstock.declarations.errors import DeclarationError
from penstock.declarations.priority import Priority
from penstock.declarations.recurrence import Recurrence
from penstock.declarations.task_type import TaskType
from penstock.declarations.unfit import UnfitError

Misfire = Literal["skip", "run_once"]
"""What becomes of instants that nobody was there for."""
MAX_NAME_LENGTH = 128
DEFAULT_GRACE = timedelta(seconds=60)
LONGEST_GRACE = timedelta(days=7)
_NAME = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*")


@dataclass(frozen=True)
class Schedule:
    """A task that is submitted at each instant of a cron expression or an interval.

    Each instant makes one task at most, however many processes there are; none is left out while
    one of them is up. When all were down: of instants that are late by no more than
    ``misfire_grace`` each still makes its task; the older ones are skipped, or make one task
    together (``misfire="run_once"``). An operator may pause a schedule; instants meanwhile make no
    task, then or later.

    :class:`~penstock.declarations.recurrence.Recurrence` says what the instants are, and what
    becomes of them when clocks change.

    Attributes:
        name: lower-case words joined by dots, unique; by convention with the plugin's name in
            front: ``acme.nightly``.
        task: the task type, of this plugin; or the name of any plugin's.
        input: its input.
        cron: minute, hour, day of the month, month and day of the week, as in a crontab.
        every: the interval instead; from 0.1 s.
        timezone: the IANA zone in which ``cron`` is meant.
        misfire: ``skip`` or ``run_once``.
        misfire_grace: how late an instant may be, up to seven days.
        priority: of its tasks.
        user_id: for whom they are done.
    """

    name: str
    _: KW_ONLY
    task: TaskType[Any, Any] | str
    input: Any
    cron: str | None = None
    every: timedelta | None = None
    timezone: str = "UTC"
    misfire: Misfire = "skip"
    misfire_grace: timedelta = DEFAULT_GRACE
    priority: Priority = Priority.NORMAL
    user_id: str | None = None

    def __post_init__(self) -> None:
        check_name(self.name)
        checks.instance(self.task, TaskType | str, of=f"task of schedule {self.name!r}")
        try:
            _ = self.recurrence
            check_misfire(self.misfire)
            check_grace(self.misfire_grace)
        except DeclarationError as error:
            message = f"schedule {self.name!r}: {error}"
            raise DeclarationError(message) from error
        checks.instance(self.priority, Priority, of=f"priority of schedule {self.name!r}")
        checks.instance(self.user_id, str | None, of=f"user_id of schedule {self.name!r}")
        if isinstance(self.task, TaskType):
            self.require_fit(self.task)

    @property
    def task_type(self) -> str:
        """The name of its task type."""
        return self.task if isinstance(self.task, str) else self.task.name

    @property
    def recurrence(self) -> Recurrence:
        """Its instants."""
        return Recurrence(cron=self.cron, every=self.every, timezone=self.timezone)

    def input_text(self) -> str:
        """Its input as JSON.

        Raises:
            DeclarationError: it has none.
        """
        try:
            return task_input.encode(self.task, self.input).decode()
        except DeclarationError as error:
            message = f"schedule {self.name!r}: {error}"
            raise DeclarationError(message) from error

    def require_fit(self, task_type: TaskType[Any, Any]) -> None:
        """Return if its input fits ``task_type``.

        Raises:
            DeclarationError: saying where it does not.
        """
        try:
            task_type.input.decode(self.input_text())
        except UnfitError as error:
            message = (
                f"expected input of schedule {self.name!r} to fit task type {task_type.name!r}, "
                f"got {self.input!r}: {error}"
            )
            raise DeclarationError(message) from error


def check_name(value: object) -> None:
    """Refuse what could not be the name of a schedule.

    Raises:
        DeclarationError: with the value.
    """
    if isinstance(value, str) and _NAME.fullmatch(value) and len(value) <= MAX_NAME_LENGTH:
        return
    message = (
        "expected the name of a schedule to be lower-case words joined by dots, like "
        f"'acme.nightly', of at most {MAX_NAME_LENGTH} characters, got {value!r}"
    )
    raise DeclarationError(message)


def check_misfire(value: object) -> None:
    """Refuse what is no rule for missed instants.

    Raises:
        DeclarationError: naming the rules.
    """
    if value not in get_args(Misfire):
        rules = " or ".join(map(repr, get_args(Misfire)))
        message = f"expected misfire to be {rules}, got {value!r}"
        raise DeclarationError(message)


def check_grace(value: object) -> None:
    """Refuse what is no bound for how late an instant may be.

    Raises:
        DeclarationError: naming the bounds.
    """
    if not isinstance(value, timedelta) or not timedelta(0) <= value <= LONGEST_GRACE:
        message = (
            f"expected misfire_grace to be a timedelta from 0 to {LONGEST_GRACE.days} days, got "
            f"{value!r}"
        )
        raise DeclarationError(message)
