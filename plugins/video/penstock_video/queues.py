"""The queue of everything that makes videos."""

from datetime import timedelta

from penstock import Queue, RateLimit, RetryPolicy

VIDEO = Queue(
    "video",
    concurrency=2,
    rate_limit=RateLimit(limit=10, period=timedelta(seconds=1)),
    retry=RetryPolicy(),
)
