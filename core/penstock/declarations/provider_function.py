"""A function that tells which provider a task needs, and what it is called with."""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

from penstock.declarations.errors import DeclarationError


@cache
def takes_installed(function: Callable[..., Any]) -> bool:
    """Whether ``function`` takes what is installed beside the input.

    Raises:
        DeclarationError: it takes neither the input alone nor both.
    """
    signature = inspect.signature(function)
    for count in (2, 1):
        try:
            signature.bind(*[None] * count)
        except TypeError:
            continue
        return count == 2  # noqa: PLR2004 - the input, and what is installed
    name = getattr(function, "__qualname__", repr(function))
    message = (
        f"expected {name}, which tells the provider of a task, to take the input, or the input and "
        f"what is installed, got {name}{signature}; change its parameters"
    )
    raise DeclarationError(message)
