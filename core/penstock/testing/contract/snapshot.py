"""The schemas of a release, kept beside the tests: what callers rely on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from penstock.plugins.schema_changes import breaking_changes, breaking_output_changes
from penstock.testing.contract.subject import Subject

Schemas = dict[str, dict[str, Any]]
"""By task type, then by ``input`` and ``output``."""
_COMMAND = "pytest --penstock-snapshot"


def schemas_of(subject: Subject) -> Schemas:
    """The schemas of each task type, by ``input`` and ``output``."""
    return {
        each.name: {"input": each.input_schema(), "output": each.output_schema()}
        for each in sorted(subject.plugin.tasks, key=lambda each: each.name)
    }


def write(path: Path, plugin: str, schemas: Schemas) -> None:
    """Keep the schemas of a plugin in a file that may have those of others."""
    kept = _read(path) | {plugin: schemas}
    path.write_text(f"{json.dumps(kept, indent=2, sort_keys=True)}\n")


def _read(path: Path) -> dict[str, Schemas]:
    kept: dict[str, Schemas] = json.loads(path.read_text()) if path.exists() else {}
    return kept


def faults(subject: Subject, path: Path, *, overwrite: bool) -> Iterator[str]:
    """What has changed since the snapshot; a first one is written where nobody expects one."""
    now = json.loads(json.dumps(schemas_of(subject)))
    is_ci = os.environ.get("CI", "").lower() not in {"", "0", "false"}
    kept = _read(path).get(subject.name)
    if overwrite or (kept is None and not is_ci):
        write(path, subject.name, now)
        return
    if kept is None:
        yield f"{subject} has no snapshot of its schemas; run {_COMMAND} and commit {path.name}"
        return
    for name in sorted(kept.keys() - now.keys()):
        yield (
            f"{subject} has no task type {name!r} any more: tasks of that type which wait will be "
            f"parked for ever, and callers are refused; keep it, or release a new major version "
            f"and run {_COMMAND}"
        )
    stale = sorted(now.keys() - kept.keys())
    for name in sorted(kept.keys() & now.keys()):
        breaking = breaking_changes(kept[name]["input"], now[name]["input"])
        if breaking:
            listed = "\n".join(f"  - {each}" for each in breaking)
            yield (
                f"the input of task type {name!r} of {subject} has changed so that tasks which "
                f"wait, and callers of the last release, fail with input_incompatible:\n{listed}\n"
                "give new fields a default and keep old ones, or declare a task type of another "
                f"name; if nobody uses it yet, run {_COMMAND}"
            )
            continue
        unknown = breaking_output_changes(kept[name]["output"], now[name]["output"])
        if unknown:
            listed = "\n".join(f"  - {each}" for each in unknown)
            yield (
                f"the output of task type {name!r} of {subject} has changed so that programs which "
                f"read it by its last schema may not understand it:\n{listed}\n"
                "keep what they rely on, or declare a task type of another name; if nobody reads "
                f"it yet, run {_COMMAND}"
            )
        elif kept[name] != now[name]:
            stale.append(name)
    if stale:
        yield (
            f"the schemas of {', '.join(stale)} of {subject} are not those of {path.name}, though "
            "their inputs go on to fit; check that those who read outputs can read the new ones, "
            f"run {_COMMAND} and commit the file"
        )
