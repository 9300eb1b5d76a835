"""What a worker and the process of a handler say to each other: msgpack behind a length."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from penstock.declarations import Address, Interruption
from penstock.processes.error_report import ErrorReport
from penstock.processes.size_limits import SizeLimits

HEADER = struct.Struct(">I")
"""In front of each frame: its length in bytes."""
MAX_LENGTH = 64 * 1024**2
"""Of what a process may send at once, in bytes: its worker reads it into memory."""
CHUNK = 256 * 1024
"""How much of a file goes in one frame."""


# --- To the process ---------------------------------------------------------------------------


class Hello(msgspec.Struct, tag=True, frozen=True):
    """Comes first: find modules where the worker does, and send nothing that is larger."""

    path: list[str]
    limits: SizeLimits


class Run(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """Run this handler. One at a time: the next one comes after the answer to this one."""

    handler: Address
    input_parameter: str
    context_parameter: str | None
    input: str
    """As JSON, as the ledger has it."""
    max_memory: int | None
    log_level: int
    """Lines below it are not worth sending."""
    task_log_level: int
    """The same of the context's own log."""
    task_id: UUID
    task_type: str
    queue: str
    user_id: str | None
    provider: str | None
    attempt: int
    run: int


class Interrupt(msgspec.Struct, tag=True, frozen=True):
    """Stop the handler; this process is not used again."""

    interruption: Interruption


class Reply(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """What became of the request of that number."""

    number: int
    value: Any = None
    error: ErrorReport | None = None


class Want(msgspec.Struct, tag=True, frozen=True):
    """Send the next chunk of the file that the request of that number stores."""

    number: int


# --- From the process -------------------------------------------------------------------------


class Started(msgspec.Struct, tag=True, frozen=True):
    """The handler is found, its input is read, and it is called now."""


class Progress(msgspec.Struct, tag=True, frozen=True):
    """How far it is; the worker may miss one."""

    percent: float
    message: str


class Delta(msgspec.Struct, tag=True, frozen=True):
    """A text goes on."""

    text: str


class Charge(msgspec.Struct, tag=True, frozen=True):
    """How many units of its provider the run has used."""

    units: int


class LogLine(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """A line for the worker's log. ``logger`` is ``None`` for the one that the context has."""

    logger: str | None
    level: int
    event: str
    fields: dict[str, Any]


class Save(msgspec.Struct, tag=True, frozen=True):
    """Keep a checkpoint, ``data`` being its JSON."""

    number: int
    name: str
    data: bytes


class Load(msgspec.Struct, tag=True, frozen=True):
    """Answer with the JSON of a checkpoint, or with nothing."""

    number: int
    name: str


class Enqueue(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """Have another task done, ``input`` being its JSON; answer with its id."""

    number: int
    name: str
    task_type: str
    input: bytes
    priority: str | int | None
    delay: timedelta | None
    user_id: str | None


class GetSettings(msgspec.Struct, tag=True, frozen=True):
    """Answer with the settings of that type, as msgpack."""

    number: int
    kind: Address


class Put(msgspec.Struct, tag=True, frozen=True, kw_only=True):
    """Store a file: that of ``path``, or the chunks that come when they are wanted."""

    number: int
    name: str
    content_type: str
    path: str | None


class Give(msgspec.Struct, tag=True, frozen=True):
    """The chunk that was wanted; ``None`` behind the last one."""

    number: int
    chunk: bytes | None


class Open(msgspec.Struct, tag=True, frozen=True):
    """Answer with the artifact of that id; its bytes are read by this request's number."""

    number: int
    artifact_id: UUID


class Read(msgspec.Struct, tag=True, frozen=True):
    """Answer with the next chunk of the opened file, or with nothing behind its end."""

    number: int
    opened: int


class Succeeded(msgspec.Struct, tag=True, frozen=True):
    """The handler returned; ``result`` is its output as JSON.

    ``is_last``: this process shall not run another one; it waits to be ended.
    """

    result: bytes
    is_last: bool


class Failed(msgspec.Struct, tag=True, frozen=True):
    """The handler raised. ``is_last`` as in :class:`Succeeded`."""

    error: ErrorReport
    is_last: bool


Request = Save | Load | Enqueue | GetSettings | Put | Open | Read
ToProcess = Hello | Run | Interrupt | Reply | Want
FromProcess = Started | Progress | Delta | Charge | LogLine | Request | Give | Succeeded | Failed

_encoder = msgspec.msgpack.Encoder()


class FrameTooLongError(ValueError):
    """A process wants to send more at once than its worker takes."""


def encode(frame: msgspec.Struct) -> bytes:
    """A frame with its header."""
    body = _encoder.encode(frame)
    return HEADER.pack(len(body)) + body


decode_to_process: Callable[[bytes], ToProcess] = msgspec.msgpack.Decoder(ToProcess).decode
decode_from_process: Callable[[bytes], FromProcess] = msgspec.msgpack.Decoder(FromProcess).decode
