"""What can be said of queues, task types and providers, as those who read settings describe it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

from penstock.ledger.overrides import PROVIDER, QUEUE, TASK

__all__ = ["PROVIDER", "QUEUE", "TASK", "Kind", "Knob", "Setting", "Settings"]


class Knob(Protocol):
    """One thing that can be said of each."""

    @property
    def field(self) -> str:
        """Its name: a field of the declaration, of its retry policy, or ``enabled``."""
        ...

    @property
    def unit(self) -> str:
        """What the value counts, for people."""
        ...

    @property
    def doc(self) -> str:
        """One line for people."""
        ...

    @property
    def read(self) -> Callable[[str], object]:
        """From a text to the value; its ``ValueError`` says what is expected."""
        ...

    def write(self, value: object) -> str:
        """The text that :attr:`read` makes ``value`` of."""
        ...


class Kind(Protocol):
    """One kind of things."""

    @property
    def kind(self) -> str:
        """:data:`QUEUE`, :data:`TASK` or :data:`PROVIDER`."""
        ...

    @property
    def word(self) -> str:
        """The same for people."""
        ...

    @property
    def knobs(self) -> Sequence[Knob]:
        """What can be said of each."""
        ...


class Setting(Protocol):
    """A value that a variable or a file says."""

    @property
    def value(self) -> object:
        """As the declaration takes it."""
        ...

    @property
    def origin(self) -> Literal["environment", "file"]:
        """Which of both."""
        ...

    @property
    def source(self) -> str:
        """The variable, or the place in the file."""
        ...


Settings: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Setting]]]
"""What variables and files say: kind → name → field → setting."""
