"""Pays in a way that no kit can see, and looks whether it has."""

from penstock import Context, Queue, hookimpl, task

CASHIER = Queue("cashier")
RECEIPTS: list[str] = []


@task("cashier.pay", queue=CASHIER, examples=["bread"])
async def pay(word: str, ctx: Context) -> str:
    """Pay, and note it."""
    if not await ctx.load("paid", bool):
        RECEIPTS.append(word)
        await ctx.save("paid", True)
    return word


@hookimpl
def penstock_queues():
    return [CASHIER]


@hookimpl
def penstock_tasks():
    return [pay]
