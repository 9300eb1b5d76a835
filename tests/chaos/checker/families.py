"""Tasks that belong together: a parent and its children, a batch and its callback."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from uuid import UUID

from tests.chaos.checker.circumstances import Circumstances
from tests.chaos.checker.finding import Finding
from tests.chaos.evidence import Row, clock


def children_are_there_once(circumstances: Circumstances) -> Iterator[Finding]:
    """A parent that succeeded has each of its children, and no parent has one of them twice."""
    children: dict[UUID, list[Row]] = {}
    for row in circumstances.evidence.rows.values():
        if row.parent_id is not None:
            children.setdefault(row.parent_id, []).append(row)
    for parent in circumstances.evidence.rows.values():
        own = children.get(parent.id, [])
        wanted = {f"{parent.key}/{number}" for number in range(parent.children)}
        found = Counter(each.key for each in own)
        wrong = sorted(key for key, count in found.items() if count > 1 or key not in wanted)
        if parent.status == "success":
            wrong += sorted(wanted - found.keys())
        if wrong:
            yield Finding(
                message=(
                    f"task {parent.id} should have each of {parent.children} children once, and "
                    f"has not: {', '.join(wrong)}"
                ),
                proof=[*own, *circumstances.story(parent.id)],
            )


def batches_are_kept(circumstances: Circumstances) -> Iterator[Finding]:
    """A batch that was accepted is there, with all tasks that were accepted for it, or more.

    More are of calls that were not answered. None of its tasks is missing that it counts.
    """
    evidence = circumstances.evidence
    tasks = Counter(row.batch_id for row in evidence.rows.values())
    for post in evidence.batch_posts:
        if post.status != HTTPStatus.ACCEPTED or post.batch_id is None:
            continue
        if post.batch_id not in evidence.batches:
            yield Finding(message=f"batch {post.batch_id} was accepted, and is not there")
        elif tasks[post.batch_id] < post.tasks:
            yield Finding(
                message=(
                    f"batch {post.batch_id} got {post.tasks} tasks at least, and has "
                    f"{tasks[post.batch_id]}"
                ),
                proof=[evidence.batches[post.batch_id]],
            )
    for batch in evidence.batches.values():
        if tasks[batch.id] != batch.total:
            yield Finding(
                message=f"batch {batch.id} counts {batch.total} tasks, and has {tasks[batch.id]}",
                proof=[batch],
            )


def batches_finish_once(circumstances: Circumstances) -> Iterator[Finding]:
    """Each sealed batch finishes, and has one callback; one that is not sealed has none."""
    evidence = circumstances.evidence
    callbacks: dict[str, list[Row]] = {}
    for row in evidence.rows.values():
        if row.type == "chaos.callback":
            callbacks.setdefault(row.key, []).append(row)
    for batch in evidence.batches.values():
        own = callbacks.pop(f"{batch.name}:callback", [])
        if (batch.sealed is None) != (batch.finished is None):
            yield Finding(message=f"batch {batch.id} is not as finished as sealed", proof=[batch])
        elif [each.id for each in own] != ([batch.callback_id] if batch.finished else []):
            yield Finding(
                message=f"batch {batch.id} has {len(own)} callbacks, or another one",
                proof=[batch, *(part for each in own for part in circumstances.story(each.id))],
            )
    for rows in callbacks.values():
        yield Finding(message="there is a callback without a batch", proof=rows)


def callbacks_come_last(circumstances: Circumstances) -> Iterator[Finding]:
    """A callback is accepted when all tasks of its batch have ended, and not before."""
    evidence = circumstances.evidence
    for batch in evidence.batches.values():
        written = evidence.transitions.get(batch.callback_id) if batch.callback_id else None
        if not written:
            continue
        accepted = written[0].at
        for row in evidence.rows.values():
            if row.batch_id != batch.id:
                continue
            ends = [each.at for each in evidence.transitions.get(row.id, ()) if each.ends]
            if not ends or ends[-1] > accepted:
                yield Finding(
                    message=(
                        f"the callback of batch {batch.id} came at {clock(accepted)}, before the "
                        f"end of task {row.id}"
                    ),
                    proof=[batch, *written, *circumstances.story(row.id)],
                )
