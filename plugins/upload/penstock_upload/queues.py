"""The queue of uploaded files."""

from datetime import timedelta

from penstock import Queue, RateLimit, RetryPolicy

UPLOAD = Queue(
    "upload",
    concurrency=5,
    rate_limit=RateLimit(limit=10, period=timedelta(seconds=1)),
    retry=RetryPolicy(),
)
