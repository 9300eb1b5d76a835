"""The limit of a process's memory."""

import resource
import sys
from pathlib import Path

IS_ENFORCED = sys.platform == "linux"
"""Elsewhere the kernel takes the limit, and lets a process have more all the same."""


def limit(size: int | None) -> None:
    """Let this process have ``size`` bytes that it may write to; as many as it could if ``None``.

    The limit is the soft one, so that it can be raised again.
    """
    if not IS_ENFORCED:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if size is None or (hard != resource.RLIM_INFINITY and size > hard):
        size = hard
    resource.setrlimit(resource.RLIMIT_DATA, (size, hard))


def is_crowded(size: int | None) -> bool:
    """Whether what this process has now would leave a run, which may have ``size``, too little."""
    if size is None or not IS_ENFORCED:
        return False
    # The sixth number is what RLIMIT_DATA counts (and the stack), in pages: proc(5).
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    return pages * resource.getpagesize() > size / 2


def in_words(size: int) -> str:
    """``size`` in bytes, for people: ``2 GiB``, ``1.5 GiB``, ``300 MiB``."""
    for unit, factor in (("GiB", 1024**3), ("MiB", 1024**2)):
        if size >= factor:
            return f"{size / factor:.4g} {unit}"
    return f"{size} bytes"
