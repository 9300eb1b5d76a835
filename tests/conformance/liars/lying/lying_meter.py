"""Uses up units of a provider, and begins anew after a crash."""

from penstock import Context, Provider, Queue, hookimpl, task

METER = Queue("meter")
POWER = Provider("power", concurrency=2)


@task("meter.use", queue=METER, provider=POWER, examples=["lamp"])
async def use(word: str, ctx: Context) -> str:
    """Two steps, each of which has its price."""
    used = 0
    for step in ("first", "second"):
        if True:
            used += 10
            await ctx.charge(used)
            await ctx.save(step, "done")
    return word


@hookimpl
def penstock_providers():
    return [POWER]


@hookimpl
def penstock_queues():
    return [METER]


@hookimpl
def penstock_tasks():
    return [use]
