"""Has a child, and has one name for it."""

from penstock import Context, Queue, hookimpl, task

PARENT = Queue("parent")


@task("parent.raise", queue=PARENT, examples=["child", "grandchild"])
async def bring_up(word: str, ctx: Context) -> str:
    """Enqueue one task more."""
    if word == "child":
        await ctx.enqueue("child", bring_up, "grandchild")
    return word


@hookimpl
def penstock_queues():
    return [PARENT]


@hookimpl
def penstock_tasks():
    return [bring_up]
