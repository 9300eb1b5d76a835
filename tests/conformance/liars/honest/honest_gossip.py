"""Has a key, and keeps it to itself."""

from typing import Annotated

import msgspec

from penstock import Queue, hookimpl, task

GOSSIP = Queue("gossip")


class Settings(msgspec.Struct, frozen=True):
    key: Annotated[str, msgspec.Meta(extra={"secret": True})] = ""
    other_password: Annotated[str, msgspec.Meta(extra={"secret": True})] = ""


@task("gossip.tell", queue=GOSSIP, examples=["nothing"])
async def tell(word: str) -> str:
    """Say a word."""
    return word


@hookimpl
def penstock_settings():
    return [Settings]


@hookimpl
def penstock_queues():
    return [GOSSIP]


@hookimpl
def penstock_tasks():
    return [tell]
