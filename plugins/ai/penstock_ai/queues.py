"""The queue that the ai tasks share."""

from datetime import timedelta

from penstock import Queue, RateLimit, RetryPolicy
from penstock_ai.settings import MAX_TIMEOUT_SECONDS

AI = Queue(
    "ai",
    concurrency=5,
    rate_limit=RateLimit(limit=10, period=timedelta(seconds=1)),
    retry=RetryPolicy(),
)

MODEL_TIMEOUT = timedelta(seconds=MAX_TIMEOUT_SECONDS + 60)
"""Of a task that may ask a model: longer than any call of one, and a minute for the rest."""
