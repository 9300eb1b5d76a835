"""Many submissions of one request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from penstock.declarations import PenstockError, Queue
from penstock.dispatch.errors import BulkRefusedError
from penstock.dispatch.submission import RequestKey, Submission
from penstock.ledger import IdempotencyKeyReusedError, LedgerUnavailableError, NewTask
from penstock.plugins import Catalogue

MAX_TASKS = 1000
"""How many submissions a request may hold."""


def keyed(submissions: Sequence[Submission], key: RequestKey | None) -> list[Submission]:
    """The submissions with keys of their own: those that they have, or their place under ``key``.

    A space cannot be in a key that somebody sends.
    """
    if key is None:
        return list(submissions)
    return [
        each
        if each.idempotency_key is not None
        else msgspec.structs.replace(
            each, principal=key.principal, idempotency_key=f"{key.key} {number}"
        )
        for number, each in enumerate(submissions)
    ]


async def prepare_all(
    submissions: Sequence[Submission], prepare: Callable[[Submission], Awaitable[NewTask]]
) -> list[NewTask]:
    """The rows of all submissions.

    Raises:
        BulkRefusedError: with everything that is wrong with any of them.
        IdempotencyKeyReusedError: the key of one was used before for something else.
        LedgerUnavailableError: the database had to be asked, and is away.
    """
    tasks, faults = [], {}
    for number, each in enumerate(submissions):
        try:
            tasks.append(await prepare(each))
        except (IdempotencyKeyReusedError, LedgerUnavailableError):
            raise
        except PenstockError as error:
            faults[number] = error
    if faults:
        raise BulkRefusedError(faults)
    return tasks


def groups(tasks: Sequence[NewTask], catalogue: Catalogue) -> list[tuple[Queue, str | None, int]]:
    """How many tasks there are of each queue and user."""
    counted = Counter((each.queue, each.user_id) for each in tasks)
    return [(catalogue.queue(queue), user_id, new) for (queue, user_id), new in counted.items()]
