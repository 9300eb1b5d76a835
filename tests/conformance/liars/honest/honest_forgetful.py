"""Works in two steps, and saves what came of it."""

from penstock import Context, Queue, hookimpl, task

FORGETFUL = Queue("forgetful")


@task("forgetful.join", queue=FORGETFUL, examples=["a"])
async def join(word: str, ctx: Context) -> list[str]:
    """Collect some words."""
    words = await ctx.load("words", list[str]) or []
    if not words:
        words = [word, word.upper()]
        await ctx.save("words", words)
    return words


@hookimpl
def penstock_queues():
    return [FORGETFUL]


@hookimpl
def penstock_tasks():
    return [join]
