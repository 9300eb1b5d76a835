"""How often tasks start."""

from __future__ import annotations

from collections.abc import Iterator

from tests.chaos.checker.circumstances import Circumstances
from tests.chaos.checker.finding import Finding
from tests.chaos.evidence import LOST_DATA, QUEUES, Effect, clock

_MILLISECOND = 1_000_000


def rate_limits_hold(circumstances: Circumstances) -> Iterator[Finding]:
    """In no window of the limit's period more tasks are handed out than it allows.

    By Redis' own clock, so to the millisecond. Redis forgets the last starts with all else.
    """
    for queue in QUEUES.values():
        if queue.rate_limit is None:
            continue
        claims = [each for each in circumstances.evidence.claims if each.queue == queue.name]
        limit = queue.rate_limit.limit
        period = round(queue.rate_limit.period.total_seconds() * 1000)
        for first, last in zip(claims, claims[limit:], strict=False):
            apart = last.at // _MILLISECOND - first.at // _MILLISECOND
            forgot = circumstances.faults(
                LOST_DATA | Effect.NEWER_LAYOUT, first.at, last.at, queue=queue.name
            )
            if apart < period and not forgot:
                yield Finding(
                    message=(
                        f"queue {queue.name!r} handed out {limit + 1} tasks within "
                        f"{apart} ms up to {clock(last.at)}"
                    ),
                    proof=[first, last, *circumstances.around(first.at, last.at)],
                )
