"""A task as the engine knows it."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

_ID_LENGTH = 16
_NUL = b"\0"


class Member(NamedTuple):
    """The name of a task in a queue's keys: its id, its user, and its provider.

    All of it stands in the task's row, so that no script has to look up whose a task is. Among
    equals the earlier id comes first: a UUIDv7 begins with the time.
    """

    id: UUID
    user: str = ""
    """Empty if it has none, and without a NUL."""
    provider: str = ""
    """Empty if it has none."""

    def encode(self) -> bytes:
        """The id's 16 bytes, then the user, then the provider behind a NUL, if there is one."""
        name = self.id.bytes + self.user.encode()
        return name + _NUL + self.provider.encode() if self.provider else name

    @classmethod
    def decode(cls, name: bytes) -> Member:
        """The member that :meth:`encode` made ``name`` of."""
        if len(name) == _ID_LENGTH:
            return cls(UUID(bytes=name))
        user, _, provider = name[_ID_LENGTH:].partition(_NUL)
        return cls(UUID(bytes=name[:_ID_LENGTH]), user.decode(), provider.decode())
