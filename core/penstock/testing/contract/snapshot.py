"""The schemas of a release, kept beside the tests: what callers rely on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from penstock.plugins.schema_snapshot import Schemas, Snapshot
from penstock.testing.contract.subject import Subject

_COMMAND = "pytest --penstock-snapshot"


def faults(subject: Subject, path: Path, *, overwrite: bool) -> Iterator[str]:
    """What has changed since the snapshot; a first one is written where nobody expects one.

    Raises:
        SnapshotError: the file is none.
    """
    now = {each.name: Schemas.of(each) for each in subject.plugin.tasks}
    is_ci = os.environ.get("CI", "").lower() not in {"", "0", "false"}
    snapshot = Snapshot.read(path.read_bytes(), source=str(path)) if path.exists() else Snapshot()
    kept = snapshot.plugins.get(subject.name)
    if overwrite or (kept is None and not is_ci):
        snapshot.plugins[subject.name] = now
        path.write_text(snapshot.text())
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
        breaking = kept[name].breaking_input(now[name])
        if breaking:
            listed = "\n".join(f"  - {each}" for each in breaking)
            yield (
                f"the input of task type {name!r} of {subject} has changed so that tasks which "
                f"wait, and callers of the last release, fail with input_incompatible:\n{listed}\n"
                "give new fields a default and keep old ones, or declare a task type of another "
                f"name; if nobody uses it yet, run {_COMMAND}"
            )
            continue
        unknown = kept[name].breaking_output(now[name])
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
