"""Work that a request might make endless or huge, in a process of its own that can be killed.

The child has no secrets in its environment, a limit on its memory and its processor time, and only
the jobs of :mod:`penstock_ai.child_jobs`.
"""

import asyncio
import os
import sys
from collections.abc import Mapping
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from penstock import PermanentError

MAX_SECONDS = 60.0
"""By the clock; the child's own limit, of processor time, is met first on an idle machine."""


class Answer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a child says at its end: a value, or the error to raise."""

    value: Any = None
    error: str | None = None
    code: str = ""


async def run_in_child(job: str, **arguments: Any) -> Any:
    """Run a job of :mod:`penstock_ai.child_jobs`; it is killed if this is cancelled.

    Raises:
        PermanentError: what the job raised; code ``too_complex`` if it took too much time or
            memory.
        RuntimeError: the job has a fault; with the end of its traceback.
    """
    with TemporaryDirectory(prefix="penstock-ai-") as folder:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "penstock_ai.child_jobs", job),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=folder,
            env=_environment(),
            start_new_session=True,  # a Ctrl-C at the terminal is the worker's to handle
        )
        output, faults = await talk(process, msgspec.json.encode(arguments), job)
    if process.returncode == 0:
        answer = msgspec.json.decode(output, type=Answer)
        if answer.error is not None:
            raise PermanentError(answer.error, code=answer.code)
        return answer.value
    if process.returncode is not None and process.returncode < 0:
        raise _too_much(job)
    message = f"the job {job!r} failed: {faults.decode(errors='replace')[-2000:]}"
    raise RuntimeError(message)


async def talk(process: asyncio.subprocess.Process, data: bytes, what: str) -> tuple[bytes, bytes]:
    """Feed a process and read its output and errors to their end; nothing of it outlives this.

    Raises:
        PermanentError: code ``too_complex`` if it takes longer than :data:`MAX_SECONDS`.
    """
    try:
        async with asyncio.timeout(MAX_SECONDS):
            return await process.communicate(data)
    except TimeoutError:
        raise _too_much(what) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _environment() -> Mapping[str, str]:
    """Where Python finds its modules, and nothing else: what runs there must find no key."""
    return {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1"}


def _too_much(what: str) -> PermanentError:
    message = f"{what!r} took more time or memory than it may; send less, or something simpler"
    return PermanentError(message, code="too_complex")
