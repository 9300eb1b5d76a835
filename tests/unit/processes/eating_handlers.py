"""Handlers that need memory."""

import os

from penstock import task
from tests.unit.processes.handlers import MIB, QUEUE, Job


class TalkativeError(MemoryError):
    """Needs memory to say that there is none."""

    def __str__(self) -> str:
        return f"no room, {len(bytearray(150 * MIB))} times"


@task("processes.eats", queue=QUEUE, max_memory=300 * MIB)
def eats(job: Job) -> int:
    """Take ``number`` MiB: at once, or as ``text`` says."""
    match job.text:
        case "bits":
            bits = [bytes(bytearray(MIB)) for _ in range(job.number)]
            return len(bits)
        case "words":
            full = bytearray(200 * MIB)
            raise TalkativeError(len(full))
        case "leave":
            _LEFT.append(bytearray(job.number * MIB))
            return os.getpid()
    return len(bytearray(job.number * MIB))


@task("processes.eats_freely", queue=QUEUE, max_memory=None)
def eats_freely(job: Job) -> int:
    return len(bytearray(job.number * MIB))


_LEFT: list[bytearray] = []
