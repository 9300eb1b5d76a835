"""Priorities: a larger number runs earlier."""

from __future__ import annotations

from enum import IntEnum

from penstock.near_names import did_you_mean


class Priority(IntEnum):
    """The four bands of a queue: every waiting task of a higher one starts before any lower."""

    URGENT = 10
    HIGH = 7
    NORMAL = 5
    LOW = 1

    @property
    def label(self) -> str:
        """``urgent``, ``high``, ``normal`` or ``low``: the name as it stands in the API."""
        return self.name.lower()

    @classmethod
    def parse(cls, value: str | int) -> Priority:
        """Read a label or its number.

        Raises:
            ValueError: for anything else, naming the four choices and the nearest one.
        """
        if isinstance(value, str):
            if value.upper() in cls.__members__:
                return cls[value.upper()]
        elif not isinstance(value, bool) and value in cls._value2member_map_:
            return cls(value)
        choices = [priority.label for priority in cls]
        hint = did_you_mean(str(value), choices, before="; ")
        message = f"expected priority to be one of {', '.join(choices)}, got {value!r}{hint}"
        raise ValueError(message)
