"""What task types take and give, written down to be compared with a later version of them.

A file of these has them by plugin and task type, as ``{"acme": {"acme.resize": {"input": {…},
"output": {…}}}}``. Authors commit that of their plugin, and callers that of what they call.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from penstock.declarations import PenstockError, TaskType
from penstock.plugins.schema_changes import breaking_changes, breaking_output_changes


class SnapshotError(PenstockError, ValueError):
    """What shall be compared is no snapshot, or none of this task type."""


class Schemas(msgspec.Struct, frozen=True, kw_only=True):
    """The schemas of a task type in one version of its plugin."""

    input: Mapping[str, Any]
    output: Mapping[str, Any]

    @classmethod
    def of(cls, task_type: TaskType[Any, Any]) -> Schemas:
        """Those of a task type as it is now."""
        now = cls(input=task_type.input_schema(), output=task_type.output_schema())
        # As they are when they are read again.
        return msgspec.json.decode(msgspec.json.encode(now), type=cls)

    def breaking_input(self, now: Schemas) -> Sequence[str]:
        """Why what fitted this input may not fit that of ``now``."""
        return breaking_changes(self.input, now.input)

    def breaking_output(self, now: Schemas) -> Sequence[str]:
        """Why who reads this output may not understand that of ``now``."""
        return breaking_output_changes(self.output, now.output)


class Snapshot:
    """The schemas in a file.

    Args:
        plugins: by plugin and task type.
    """

    def __init__(self, plugins: Mapping[str, Mapping[str, Schemas]] | None = None) -> None:
        self.plugins = {name: dict(each) for name, each in (plugins or {}).items()}

    @classmethod
    def read(cls, text: bytes, *, source: str) -> Snapshot:
        """The snapshot that ``text`` holds.

        Raises:
            SnapshotError: it holds none; ``source`` is where it came from.
        """
        try:
            return cls(msgspec.json.decode(text, type=dict[str, dict[str, Schemas]]))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            message = (
                f"expected a snapshot of the schemas of task types in {source}: {error}; write one "
                "with 'penstock plugins schema TASK --snapshot FILE', or 'pytest "
                "--penstock-snapshot' in the tests of a plugin"
            )
            raise SnapshotError(message) from error

    def text(self) -> str:
        """What :meth:`read` reads; line by line, for a version control."""
        plain = msgspec.to_builtins(self.plugins)
        return f"{json.dumps(plain, indent=2, sort_keys=True)}\n"

    def find(self, plugin: str, task_type: str, *, source: str) -> Schemas:
        """The schemas of one task type.

        Raises:
            SnapshotError: it has none of it; ``source`` is where it came from.
        """
        known = self.plugins.get(plugin, {})
        if task_type not in known:
            message = (
                f"expected {source} to have the schemas of task type {task_type!r} of plugin "
                f"{plugin!r}, of which it has {', '.join(map(repr, sorted(known))) or 'none'}; add "
                f"them with 'penstock plugins schema {task_type} --snapshot {source}'"
            )
            raise SnapshotError(message)
        return known[task_type]
