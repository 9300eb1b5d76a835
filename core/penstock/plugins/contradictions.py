"""Parts of a policy that contradict each other, whoever says them: a plugin or an operator."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from penstock.declarations import Queue, RetryPolicy


def in_queue(queue: Queue) -> Iterable[str]:
    """Limits of a queue that another one of its own makes pointless."""
    of = f"queue {queue.name!r}"
    yield from in_retry(queue.retry, of=of)
    for narrow, wide in (
        ("user_concurrency", "global_concurrency"),
        ("user_max_waiting", "max_waiting"),
    ):
        user, everybody = getattr(queue, narrow), getattr(queue, wide)
        if user is not None and everybody is not None and user > everybody:
            yield (
                f"expected {narrow} of {of} to be at most its {wide}, {everybody}, got {user}, "
                "which nobody would ever reach; lower it, or leave it out"
            )


def in_retry(retry: RetryPolicy, *, of: str) -> Iterable[str]:
    """Parts of a retry policy, that of ``of``, of which one undoes another."""
    if retry.initial_interval > retry.max_interval:
        yield (
            f"expected initial_interval of the retry policy of {of} to be at most its max_interval,"
            f" {_shown(retry.max_interval)}, got {_shown(retry.initial_interval)}; raise "
            "max_interval, or lower initial_interval"
        )
    everything = [each.__name__ for each in retry.non_retryable if issubclass(Exception, each)]
    if everything and retry.max_attempts > 1:
        yield (
            f"expected the retry policy of {of} to leave errors to retry, got max_attempts="
            f"{retry.max_attempts} with {everything[0]} in non_retryable, so that none ever is; "
            "set max_attempts=1, or name fewer exceptions"
        )


def _shown(time: timedelta) -> str:
    return f"{time.total_seconds():g} s"
