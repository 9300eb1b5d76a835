"""The application and its tasks."""

from __future__ import annotations

import os
import time
from pathlib import Path

from procrastinate import App, PsycopgConnector

app = App(connector=PsycopgConnector(conninfo=os.environ["BENCH_POSTGRESQL_URL"]))
_FOLDER = Path(os.environ["BENCH_FOLDER"])


@app.task
async def noop(number: int) -> dict[str, int]:
    return {"number": number}


@app.task
async def pickup(number: int) -> None:
    started = time.monotonic_ns()
    # There are no results, so this one goes to a file, complete as soon as it has its name.
    file = _FOLDER / f"pickup-{number}"
    part = file.with_suffix(".part")
    part.write_text(str(started))
    part.rename(file)
