"""How a broken promise is told: who, what, the measured value, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest


class BrokenPromiseError(AssertionError):
    """A plugin does not do what it declares."""


@contextmanager
def advice() -> Iterator[None]:
    """Fail the test with what is wrong alone: its author has no use for the kit's traceback."""
    __tracebackhide__ = True
    try:
        yield
    except BrokenPromiseError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def require_none(faults: Sequence[str]) -> None:
    """Tell all of ``faults`` at once.

    Raises:
        BrokenPromiseError: there are some.
    """
    if faults:
        raise BrokenPromiseError("\n\n".join(faults))
