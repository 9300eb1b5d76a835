"""Every task that was answered 202 is in the ledger, and ends once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from http import HTTPStatus

from tests.chaos.checker.circumstances import Circumstances
from tests.chaos.checker.finding import Finding
from tests.chaos.evidence import ENDED, Row


def accepted_tasks_are_kept(circumstances: Circumstances) -> Iterator[Finding]:
    """No task that was answered 202 is missing, and no post made two."""
    evidence = circumstances.evidence
    posted = {each.key: each for each in evidence.posts}
    rows_by_key = defaultdict(list)
    for row in evidence.rows.values():
        rows_by_key[row.key].append(row)
    for post in evidence.posts:
        if post.status == HTTPStatus.ACCEPTED and post.task_id not in evidence.rows:
            yield Finding(
                message=f"task {post.task_id} was answered 202, and is not in the ledger",
                proof=[post],
            )
    for key, rows in rows_by_key.items():
        if key not in posted and not any(map(_belongs, rows)):
            yield Finding(message=f"nobody posted the task of key {key}", proof=rows)
        elif len(rows) > 1:
            yield Finding(message=f"the post of key {key} made {len(rows)} tasks", proof=rows)


def _belongs(row: Row) -> bool:
    """Whether a task came with others: whether it should, `families.py` knows."""
    return row.parent_id is not None or row.batch_id is not None or row.type == "chaos.callback"


def tasks_end_once(circumstances: Circumstances) -> Iterator[Finding]:
    """Each task reaches one terminal outcome for each time that it was opened, and in time."""
    evidence = circumstances.evidence
    for row in evidence.rows.values():
        endings = [each for each in evidence.transitions.get(row.id, ()) if each.ends]
        expected = len(circumstances.rounds(row.id))
        if row.status not in ENDED:
            yield Finding(
                message=f"task {row.id} is still {row.status} at the deadline",
                proof=circumstances.story(row.id),
            )
        elif len(endings) != expected:
            yield Finding(
                message=f"task {row.id} ended {len(endings)} times, expected {expected}",
                proof=circumstances.story(row.id),
            )
