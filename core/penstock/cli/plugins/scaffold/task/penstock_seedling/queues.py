"""Where this plugin's tasks wait, and how many run at once."""

from datetime import timedelta

from penstock import Queue, RateLimit, RetryPolicy

SEEDLING = Queue(
    "seedling",
    concurrency=4,  # in each worker process
    rate_limit=RateLimit(limit=600, period=timedelta(minutes=1)),  # across the cluster
    retry=RetryPolicy(max_attempts=5),
)
