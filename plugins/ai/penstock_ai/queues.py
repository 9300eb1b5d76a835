"""The queue that the ai tasks share."""

from datetime import timedelta

from penstock import Queue, RateLimit, RetryPolicy

AI = Queue(
    "ai",
    concurrency=5,
    rate_limit=RateLimit(limit=10, period=timedelta(seconds=1)),
    retry=RetryPolicy(),
)
