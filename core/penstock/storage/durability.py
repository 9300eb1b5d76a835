"""Making sure that a file survives a power failure."""

import os
import sys
from pathlib import Path


def make_durable(file: Path, *, below: Path) -> None:
    """Return once the bytes of ``file`` are on the disk, with the folders up to ``below``.

    Blocks. On Windows, where folders cannot be synchronised, it leaves both to the system.
    """
    if sys.platform == "win32":
        return
    folders = [each for each in file.parents if each.is_relative_to(below)]
    for each in (file, *folders):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
