"""Has a paid API do the work, and pays once."""

import asyncio

import httpx

from penstock import Context, Queue, hookimpl, task

PAYER = Queue("payer")


def answer(request: httpx.Request) -> httpx.Response:
    """The API, as far as it is needed here."""
    return httpx.Response(200, json={"id": "job-1", "done": True})


@task("payer.buy", queue=PAYER, examples=["picture"])
async def buy(word: str, ctx: Context) -> str:
    """Submit a job, and wait for it."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as api:
        job = await ctx.load("job", str)
        if job is None:
            sent = await api.post("https://api.example/jobs", json={"word": word})
            job = sent.json()["id"]
            await ctx.save("job", job)
        while not (await api.get(f"https://api.example/jobs/{job}")).json()["done"]:  # noqa: ASYNC110
            await asyncio.sleep(60)
    return f"{word} by {job}"


@hookimpl
def penstock_queues():
    return [PAYER]


@hookimpl
def penstock_tasks():
    return [buy]
