"""The processes that one has started."""

from collections.abc import Iterator
from contextlib import suppress

import psutil


def children_of(pid: int | None = None) -> Iterator[tuple[psutil.Process, list[str]]]:
    """All below a process (this one), with their command lines; who ends just now is left out."""
    for child in psutil.Process(pid).children(recursive=True):
        with suppress(psutil.Error):
            if command := child.cmdline():
                yield child, command
