"""How often tasks start."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from penstock import RateLimit
from tests.chaos.checker.circumstances import Circumstances
from tests.chaos.checker.finding import Finding
from tests.chaos.evidence import LOST_DATA, QUEUES, Claimed, Effect, clock

_MILLISECOND = 1_000_000


def rate_limits_hold(circumstances: Circumstances) -> Iterator[Finding]:
    """In no window of the limit's period more tasks are handed out than it allows.

    By Redis' own clock, so to the millisecond. Redis forgets the last starts with all else.
    """
    for queue in QUEUES.values():
        if queue.rate_limit is not None:
            claims = [each for each in circumstances.evidence.claims if each.queue == queue.name]
            yield from _exceeded(circumstances, claims, queue.rate_limit, f"queue {queue.name!r}")


def user_rate_limits_hold(circumstances: Circumstances) -> Iterator[Finding]:
    """The same for the tasks that one user has in a queue."""
    by_user: dict[tuple[str, str], list[Claimed]] = defaultdict(list)
    for each in circumstances.evidence.claims:
        row = circumstances.evidence.rows.get(each.task_id)
        if row is not None and row.user is not None:
            by_user[each.queue, row.user].append(each)
    for (queue, user), claims in by_user.items():
        limit = QUEUES[queue].user_rate_limit
        if limit is not None:
            yield from _exceeded(circumstances, claims, limit, f"{user!r} in queue {queue!r}")


def _exceeded(
    circumstances: Circumstances, claims: Sequence[Claimed], rate_limit: RateLimit, where: str
) -> Iterator[Finding]:
    limit = rate_limit.limit
    period = round(rate_limit.period.total_seconds() * 1000)
    for first, last in zip(claims, claims[limit:], strict=False):
        apart = last.at // _MILLISECOND - first.at // _MILLISECOND
        forgot = circumstances.faults(
            LOST_DATA | Effect.NEWER_LAYOUT, first.at, last.at, queue=first.queue
        )
        if apart < period and not forgot:
            yield Finding(
                message=(
                    f"{where} was handed out {limit + 1} tasks within {apart} ms up to "
                    f"{clock(last.at)}"
                ),
                proof=[first, last, *circumstances.around(first.at, last.at)],
            )
