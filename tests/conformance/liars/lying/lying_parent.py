"""Has a child, and calls it by another name each time."""

import secrets

from penstock import Context, Queue, hookimpl, task

PARENT = Queue("parent")


@task("parent.raise", queue=PARENT, examples=["child", "grandchild"])
async def bring_up(word: str, ctx: Context) -> str:
    """Enqueue one task more."""
    if word == "child":
        await ctx.enqueue(f"child-{secrets.token_hex(4)}", bring_up, "grandchild")
    return word


@hookimpl
def penstock_queues():
    return [PARENT]


@hookimpl
def penstock_tasks():
    return [bring_up]
