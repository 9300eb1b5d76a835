"""Ctrl-C while a command waits for something that goes on without it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal
from uuid import UUID

from penstock.cli.messages import say

_INTERRUPTED = 130  # what shells report for a program that Ctrl-C ended
_FOLLOW = {"task": "penstock task watch {id}", "batch": "penstock batch show {id} --wait"}


@contextmanager
def interruptible(kind: Literal["task", "batch"], id: UUID) -> Iterator[None]:  # noqa: A002
    """Let Ctrl-C end the command that follows something, and say how to go on.

    Raises:
        SystemExit: it was interrupted.
    """
    try:
        yield
    except KeyboardInterrupt:
        say(
            f"stopped following {kind} {id}, which goes on\n"
            f"  follow it: {_FOLLOW[kind].format(id=id)}\n"
            f"  cancel it: penstock {kind} cancel {id}"
        )
        sys.exit(_INTERRUPTED)
