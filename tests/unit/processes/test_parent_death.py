"""A worker that dies takes its processes along, whatever they are doing."""

import asyncio
import logging
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from penstock.processes.child_process import ChildProcess
from penstock.processes.pool import _run_frame
from penstock.testing import Harness
from tests.services.size_limits import LIMITS
from tests.unit.processes import stopping_handlers
from tests.unit.processes.conftest import appearance, disappearance
from tests.unit.processes.handlers import Job

WORKER = """
import asyncio, sys

import msgspec

from penstock.processes.pool import ProcessPool
from penstock.testing import Harness
from tests.services.size_limits import LIMITS
from tests.unit.processes import handlers, stopping_handlers
from tests.unit.processes.handlers import Job

async def main():
    pool, harness = ProcessPool(LIMITS), Harness()
    context = harness.begin(handlers.pid).context
    idle = await pool.run(handlers.pid, "{}", context, plugin="idle")
    handlers.sign(Job(sys.argv[1]), "idle", bytes(idle).decode())
    job = msgspec.json.encode(Job(sys.argv[1], sys.argv[2])).decode()
    task_type = stopping_handlers.holds_out
    await pool.run(task_type, job, harness.begin(task_type).context, plugin="busy")

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a death")
@pytest.mark.parametrize("how", ["gil", "swallow"])
async def test_processes_die_with_their_worker(tmp_path: Path, how: str) -> None:
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        WORKER,
        str(tmp_path),
        how,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[3],
    )
    busy, left, _ = (await appearance(tmp_path / "started")).split()
    idle = await appearance(tmp_path / "idle")

    worker.kill()
    await worker.wait()

    await disappearance(int(busy))
    await disappearance(int(idle))
    subprocess.run(["kill", left], check=True)  # noqa: ASYNC221  (whose end nobody promises)


async def test_a_process_whose_connection_ends_in_the_middle_of_a_run_dies(
    harness: Harness, tmp_path: Path
) -> None:
    process = await ChildProcess.start(LIMITS)
    context = harness.begin(stopping_handlers.holds_out).context
    text = msgspec.json.encode(Job(str(tmp_path), "swallow")).decode()
    process.send(_run_frame(stopping_handlers.holds_out, text, context, logging.INFO))
    pid, left, _ = (await appearance(tmp_path / "started")).split()

    # The worker lives on, as it does where no kernel tells of its death.
    process._writer.close()

    await disappearance(int(pid))
    subprocess.run(["kill", left], check=True)  # noqa: ASYNC221  (whose end nobody promises)
    await process.end()
