"""Works in two steps, and saves that it did the first, but not what came of it."""

from penstock import Context, Queue, hookimpl, task

FORGETFUL = Queue("forgetful")


@task("forgetful.join", queue=FORGETFUL, examples=["a"])
async def join(word: str, ctx: Context) -> list[str]:
    """Collect some words."""
    words = []
    if not await ctx.load("words", bool):
        words = [word, word.upper()]
        await ctx.save("words", True)
    return words


@hookimpl
def penstock_queues():
    return [FORGETFUL]


@hookimpl
def penstock_tasks():
    return [join]
