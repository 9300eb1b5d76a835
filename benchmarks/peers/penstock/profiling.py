"""Where the time of a process goes."""

from __future__ import annotations

import cProfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def profiled(file: Path | None) -> Iterator[None]:
    """Write cProfile's statistics of the block to ``file``; does nothing without one."""
    if file is None:
        yield
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    with cProfile.Profile() as profile:
        yield
    profile.dump_stats(file)
