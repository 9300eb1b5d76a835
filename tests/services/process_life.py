"""Whether processes live, which a test did not start itself."""

import psutil


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has asked for its end yet is dead all the same."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def parent_of(pid: int) -> int:
    return int(psutil.Process(pid).ppid())
