"""`penstock dev` as a user starts it: a process of its own in a folder of its own."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.process_tree import children_of

PATIENCE = 60  # seconds, on a busy machine
COMMAND = [sys.executable, "-m", "penstock"]


class Dev:
    """A running `penstock dev` and what it printed."""

    def __init__(self, process, log):
        self.process = process
        self._log = log

    @property
    def output(self):
        return self._log.read_text()

    def wait_for(self, text):
        deadline = time.monotonic() + PATIENCE
        while text not in self.output:
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)

    def wait(self):
        return self.process.wait(PATIENCE)

    def family(self):
        """Its children by what they are."""
        return {
            kind: child
            for child, command in children_of(self.process.pid)
            for kind in ("api", "worker", "redis")
            if command[-1] == kind
            or (kind == "redis" and re.search("(redis|valkey)-server", " ".join(command)))
        }


@contextmanager
def running_dev(
    folder: Path,
    port: int,
    *,
    python: Path = Path(sys.executable),
    **environ: str,
) -> Iterator[Dev]:
    """Start it in `folder`, and stop it at the end if it still runs."""
    folder.mkdir(exist_ok=True)
    log = folder / "dev.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(python), *COMMAND[1:], "dev"],
            cwd=folder,
            env={**os.environ, "PENSTOCK_PORT": str(port), **environ},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Dev(process, log)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(PATIENCE)
