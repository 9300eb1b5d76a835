"""What is measured: a folder of ``peers`` each, of which nothing but its ``peer.toml`` is known."""

from __future__ import annotations

import difflib
import shutil
import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "peers"
REFERENCE = "penstock"
"""The peer that the others are compared with."""


class Peer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One queue, as its ``peer.toml`` describes it."""

    name: str
    """The folder's."""
    title: str
    position: int
    """Among the others, in tables and in a round."""
    servers: list[str]
    """``redis``, ``postgresql``: those that are brought up for it, and for it alone."""
    environment: str
    """What must be there if it is installed, relative to the checkout."""
    client: list[str]
    """The command of the program that speaks the protocol; a path is relative to the checkout."""
    worker: list[str]
    """The command of one worker process."""
    settings: str
    """In a sentence for readers: how it is set up."""
    pickups: bool = True
    """Whether it can tell when a handler was started."""
    default: bool = True
    """Whether it is measured if no peers are named."""

    @property
    def missing(self) -> str | None:
        """Why it cannot be measured here, or ``None``."""
        if not (ROOT / self.environment).exists():
            return f"{self.environment} is not there (`make bench` makes it)"
        try:
            command(self.client)
        except FileNotFoundError as error:
            return str(error)
        return None


def find(names: Sequence[str] = ()) -> list[Peer]:
    """The peers of these names, or those that are measured by default, in their order.

    Raises:
        ValueError: a name that no folder has.
    """
    known = {file.parent.name: file for file in FOLDER.glob("*/peer.toml")}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"expected one of {', '.join(sorted(known))}, got {name!r}{hint}")
    peers = [read(file) for file in known.values()]
    chosen = [each for each in peers if (each.name in names if names else each.default)]
    return sorted(chosen, key=lambda each: each.position)


def read(file: Path) -> Peer:
    """The peer that a ``peer.toml`` describes."""
    described = tomllib.loads(file.read_text(encoding="utf-8"))
    return msgspec.convert({"name": file.parent.name, **described}, Peer)


def command(words: Sequence[str]) -> list[str]:
    """A command with the whole path of its program.

    Raises:
        FileNotFoundError: there is no such program.
    """
    program, *arguments = words
    found = str(ROOT / program) if "/" in program else shutil.which(program)
    if found is None or not Path(found).exists():
        raise FileNotFoundError(f"there is no {program} here")
    return [found, *arguments]
