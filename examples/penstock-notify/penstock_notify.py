"""Tells a webhook when a task has ended, and another one, again and again, that tasks are run."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from penstock import (
    Context,
    OutcomeCallback,
    Queue,
    Schedule,
    Secret,
    SettingsReader,
    TaskListener,
    TaskOutcome,
    TransientError,
    hookimpl,
    task,
)

NOTIFY = Queue("notify", concurrency=1)


class NotifySettings(Struct, frozen=True):
    url: Annotated[str | None, Meta(description="Where ends of tasks are posted to.")] = None
    token: Annotated[
        Secret | None, Meta(description="Sent along as `Authorization: Bearer …`.")
    ] = None
    heartbeat_url: Annotated[
        str | None, Meta(description="What is asked for each minute while tasks are run.")
    ] = None


@asynccontextmanager
async def webhook(settings: SettingsReader) -> AsyncIterator[OutcomeCallback]:
    """Post each outcome as JSON, by one client for as long as the worker runs."""
    import httpx

    said = settings(NotifySettings)
    headers = {"Content-Type": "application/json"}
    if said.token is not None:
        headers["Authorization"] = f"Bearer {said.token}"
    async with httpx.AsyncClient(headers=headers, timeout=5) as http:

        async def tell(outcome: TaskOutcome) -> None:
            if said.url is not None:
                answer = await http.post(said.url, content=msgspec.json.encode(outcome))
                answer.raise_for_status()

        yield tell


class Heartbeat(Struct):
    """Nothing needs to be said."""


class Beat(Struct):
    sent: bool


@task("notify.heartbeat", queue=NOTIFY, timeout=timedelta(seconds=30))
async def heartbeat(_: Heartbeat, ctx: Context) -> Beat:
    """Let a monitor know that tasks are run; it complains when it hears nothing."""
    import httpx

    url = ctx.settings(NotifySettings).heartbeat_url
    if url is None:
        return Beat(sent=False)
    async with httpx.AsyncClient(timeout=5) as http:
        answer = await http.get(url)
    if answer.is_error:
        raise TransientError(f"the monitor answered {answer.status_code}")
    return Beat(sent=True)


@hookimpl
def penstock_queues() -> list[Queue]:
    return [NOTIFY]


@hookimpl
def penstock_tasks():
    return [heartbeat]


@hookimpl
def penstock_schedules() -> list[Schedule]:
    return [
        Schedule("notify.heartbeat", task=heartbeat, input=Heartbeat(), every=timedelta(minutes=1))
    ]


@hookimpl
def penstock_settings() -> list[type[Struct]]:
    return [NotifySettings]


@hookimpl
def penstock_task_events() -> list[TaskListener]:
    return [TaskListener("webhook", open=webhook)]
