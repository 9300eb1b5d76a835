"""The plugin of the README: one queue, one task type."""

from datetime import timedelta

from msgspec import Struct

from penstock import Context, Queue, RateLimit, RetryPolicy, hookimpl, task

ACME = Queue(
    "acme",
    concurrency=4,
    global_concurrency=32,
    retry=RetryPolicy(max_attempts=5),
    rate_limit=RateLimit(limit=60, period=timedelta(minutes=1)),
)


class Resize(Struct):
    source: str
    width: int = 320


class Image(Struct):
    key: str


@task("acme.resize", queue=ACME, timeout=timedelta(minutes=2))
async def resize(image: Resize, ctx: Context) -> Image:
    """Resize one image."""
    await ctx.progress(50, "downloaded")
    return Image(key=f"{image.source}@{image.width}")


@hookimpl
def penstock_queues():
    return [ACME]


@hookimpl
def penstock_tasks():
    return [resize]
