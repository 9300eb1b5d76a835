"""What a task type takes and gives, written down to be compared with a later version of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from penstock.declarations import PenstockError, TaskType
from penstock.plugins.schema_changes import breaking_changes, breaking_output_changes


class SnapshotError(PenstockError, ValueError):
    """What shall be compared is no snapshot of this task type."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The schemas of a task type in one version of its plugin."""

    type: str
    input: Mapping[str, Any]
    output: Mapping[str, Any]

    @classmethod
    def of(cls, task_type: TaskType[Any, Any]) -> Snapshot:
        """That of a task type as it is now."""
        return cls(
            type=task_type.name, input=task_type.input_schema(), output=task_type.output_schema()
        )

    @classmethod
    def read(cls, text: bytes, *, source: str) -> Snapshot:
        """The snapshot that ``text`` holds.

        Raises:
            SnapshotError: it holds none; ``source`` is where it came from.
        """
        try:
            return msgspec.json.decode(text, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            message = (
                f"expected a snapshot of a task type's schemas in {source}: {error}; write one "
                "with 'penstock plugins schema TASK --snapshot FILE'"
            )
            raise SnapshotError(message) from error

    def breaks(self, task_type: TaskType[Any, Any]) -> Sequence[str]:
        """Why callers who know this snapshot do not get on with ``task_type`` as it is now.

        Raises:
            SnapshotError: it is one of another task type.
        """
        if task_type.name != self.type:
            message = (
                f"expected a snapshot of task type {task_type.name!r}, got one of {self.type!r}; "
                "write one anew, or name that task type"
            )
            raise SnapshotError(message)
        now = Snapshot.of(task_type)
        return [
            *(f"input {each}" for each in breaking_changes(self.input, now.input)),
            *(f"output {each}" for each in breaking_output_changes(self.output, now.output)),
        ]
