"""A file of tasks, one a line, that is sent as a batch."""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

MOST_AT_ONCE = 1_000
"""How many tasks the API takes at once."""
# Half of the longest body that the API reads, unless it is told otherwise.
_MOST_BYTES = 1 << 19
_PLACE = re.compile(r"\$\.tasks\[(\d+)\]")
_EXAMPLE = '{"type": "ai.text", "input": {"prompt": "Hello"}}'


class TaskLine(NamedTuple):
    """A task as it is posted, in JSON, and the number of its line."""

    number: int
    text: bytes


class TaskLines(click.ParamType[Sequence[TaskLine]]):
    """The name of such a file, or ``-`` for standard input."""

    name = "FILE|-"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Sequence[TaskLine]:
        """Read the file; empty lines are passed over."""
        if not isinstance(value, str):
            return value  # type: ignore[return-value]  # converted already
        source = "standard input" if value == "-" else repr(value)
        try:
            content = sys.stdin.buffer.read() if value == "-" else Path(value).read_bytes()
        except OSError as error:
            self.fail(f"cannot read {source}: {error.strerror}", param, ctx)
        found = []
        for number, line in enumerate(content.split(b"\n"), start=1):
            if text := line.strip():
                try:
                    msgspec.json.decode(text, type=dict[str, msgspec.Raw])
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                    message = f"line {number} of {source}: expected a task like {_EXAMPLE}: {error}"
                    self.fail(message, param, ctx)
                found.append(TaskLine(number, text))
        return found


def parts(lines: Sequence[TaskLine]) -> Iterator[Sequence[TaskLine]]:
    """The lines in portions that the API takes at once; at least one, if only an empty one."""
    part: list[TaskLine] = []
    size = 0
    for line in lines:
        if part and (len(part) == MOST_AT_ONCE or size + len(line.text) > _MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line.text)
    yield part


def by_lines(message: str, part: Sequence[TaskLine]) -> str:
    """What the API says of a portion, with lines of the file instead of places in the portion."""

    def place(found: re.Match[str]) -> str:
        index = int(found[1])
        # The message may quote what the user wrote, which may look like a place.
        return f"line {part[index].number}: $" if index < len(part) else found[0]

    return _PLACE.sub(place, message)
