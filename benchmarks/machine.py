"""Where it was measured: a figure without it means nothing."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.results import Machine


def look(servers: Mapping[str, str]) -> Machine:
    """Look around on this machine; ``servers`` are the versions of those that were started."""
    return Machine(
        date=datetime.now(UTC).date().isoformat(),
        # No more of the release: what builders append to it tells nothing about speed.
        system=f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        processor=_processor(),
        cores=psutil.cpu_count() or 1,
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        file_system=_file_system(Path(tempfile.gettempdir())),
        load_before=round(os.getloadavg()[0], 2),
        servers=dict(servers),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _file_system(folder: Path) -> str:
    mounts = {each.mountpoint: each.fstype for each in psutil.disk_partitions(all=True)}
    for parent in [folder, *folder.parents]:
        if str(parent) in mounts:
            return str(mounts[str(parent)])
    return "unknown"
