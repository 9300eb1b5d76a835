"""A private copy of the core, to be written into: instruments, slow steps, and mutations.

The processes that a run starts find it before the installed one.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import penstock

_ORIGINAL = "--@original"


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of the source. ``file`` is below ``penstock/``; ``old`` occurs in it once."""

    file: str
    old: str
    new: str


SLOW_STEPS = (
    Change(
        file="broker/consumer.py",
        old="            recorded = await self._outcomes.write(outcome)\n",
        new=(
            "            await asyncio.sleep(0.05)\n"
            "            recorded = await self._outcomes.write(outcome)\n"
        ),
    ),
    Change(
        file="dispatch/audit.py", old="import logging\n", new="import asyncio\nimport logging\n"
    ),
    Change(
        file="dispatch/audit.py",
        old="        missing = await self._engine.missing(",
        new="        await asyncio.sleep(0.5)\n        missing = await self._engine.missing(",
    ),
    Change(
        file="dispatch/batch_completion.py",
        old="            ids, self._pending = list(",
        new="            await asyncio.sleep(0.3)\n            ids, self._pending = list(",
    ),
    Change(
        file="dispatch/batch_completion.py",
        old="            callback_id = derived_id(",
        new="            await asyncio.sleep(0.3)\n            callback_id = derived_id(",
    ),
)
"""Time for others to come between two steps that belong together. A few milliseconds are enough for
them where there are many tasks; a short run has few."""


class StaleChangeError(Exception):
    """A change whose old text is not in the source, or not only once: the source moved on."""


def build(folder: Path, changes: Iterable[Change] = ()) -> Path:
    """Copy the core into ``folder``, instrumented and with ``changes``; the path to import it from.

    Raises:
        StaleChangeError: naming the file and the text.
    """
    package = folder / "penstock"
    # With the compiled files, whose time stamps stay valid: starting a process is half the work.
    shutil.copytree(Path(penstock.__file__).parent, package)
    for each in (*changes, *SLOW_STEPS):
        _apply(package / each.file, each)
    scripts = package / "engine" / "scripts"
    for script in ("claim", "enqueue", "renew"):
        original = (scripts / f"{script}.lua").read_text()
        (scripts / f"{script}.lua").write_text(_instrument(script).replace(_ORIGINAL, original))
    with (scripts / "prelude.lua").open("a") as prelude:
        prelude.write(_instrument("prelude"))
    return folder


def _apply(path: Path, change: Change) -> None:
    source = path.read_text() if path.exists() else ""
    if source.count(change.old) != 1:
        raise StaleChangeError(
            f"expected {change.file} to hold this once, found it {source.count(change.old)} "
            f"times:\n{change.old}"
        )
    path.write_text(source.replace(change.old, change.new))


def _instrument(script: str) -> str:
    """What makes a script write down what it does."""
    return files("tests.chaos.instruments").joinpath(f"{script}.lua").read_text()
