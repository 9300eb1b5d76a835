"""A small plugin for the API's tests; its handlers are never run."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from penstock import Context, Queue, task
from penstock.plugins import Catalogue, Plugin

ACME = Queue("acme")
EMPTY = Queue("empty")


Colour = Annotated[str, msgspec.Meta(pattern="^#[0-9a-f]{6}$", description="Like `#1e293b`.")]


class Line(msgspec.Struct, forbid_unknown_fields=True):
    text: str
    copies: int = 1
    colour: Colour | None = None


class Letter(msgspec.Struct, forbid_unknown_fields=True):
    markdown: str
    lines: list[Line] = []
    paper: Literal["a4", "letter"] | None = None
    data: dict[str, Any] = {}


class Loose(msgspec.Struct):
    """Takes any further fields, and skips them."""

    width: Annotated[int, msgspec.Meta(ge=1)] = 1


class Scan(msgspec.Struct, forbid_unknown_fields=True):
    document: UUID
    pages: Annotated[int, msgspec.Meta(ge=1)] = 1
    notes: list[Line] = []


class Sent(msgspec.Struct):
    pages: int


@task("acme.letter", queue=ACME, examples=[Letter(markdown="# Hello")])
async def letter(request: Letter, ctx: Context) -> Sent:
    """Print a letter."""
    raise NotImplementedError


@task("acme.loose", queue=ACME)
async def loose(request: Loose) -> dict[str, int]:
    """Do anything."""
    raise NotImplementedError


@task("acme.scan", queue=ACME, upload="document")
async def scan(request: Scan) -> Sent:
    """Read a document that was uploaded."""
    raise NotImplementedError


def acme_catalogue() -> Catalogue:
    plugin = Plugin(
        name="acme",
        distribution="penstock-acme",
        version="1.0",
        queues=[ACME, EMPTY],
        tasks=[letter, loose, scan],
    )
    return Catalogue(plugins=[plugin])
