"""What a type checker makes of the decorator and of the client; mypy runs this file."""

from collections.abc import Awaitable, Iterator
from typing import TYPE_CHECKING, Any, assert_type
from uuid import UUID

from msgspec import Struct
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from penstock import (
    BatchInfo,
    Client,
    Context,
    Queue,
    SyncBatchHandle,
    SyncClient,
    SyncContext,
    SyncTaskHandle,
    TaskEvent,
    TaskHandle,
    TaskRequest,
    task,
)
from tests import four_kinds

ACME = Queue("acme")


class Resize(Struct):
    source: str


class Image(Struct):
    key: str


@task("acme.resize", queue=ACME)
async def resize(image: Resize, ctx: Context) -> Image:
    return Image(image.source)


@task("acme.shrink", queue=ACME, max_memory=None)
def shrink(image: Resize, ctx: SyncContext) -> Image:
    return Image(image.source)


@task("acme.turn", queue=ACME)
def turn(image: Resize, degrees: int = 90) -> Image:
    return Image(f"{image.source} by {degrees}")


if TYPE_CHECKING:

    async def _each_kind(client: Client, ctx: Context) -> None:
        by_class = await client.submit(four_kinds.by_dataclass, four_kinds.ClassResize("a"))
        assert_type(by_class, TaskHandle[four_kinds.ClassImage])
        assert_type(await by_class.result(), four_kinds.ClassImage)
        by_dict = await client.submit(four_kinds.by_typed_dict, four_kinds.DictResize(source="a"))
        assert_type(await by_dict.result(), four_kinds.DictImage)
        by_model = await client.submit(four_kinds.by_model, four_kinds.ModelResize(source="a"))
        assert_type(await by_model.result(), four_kinds.ModelImage)
        in_process = await client.submit(
            four_kinds.sync_by_model, four_kinds.ModelResize(source="a")
        )
        assert_type(await in_process.result(), four_kinds.ModelImage)
        called = await four_kinds.by_model(four_kinds.ModelResize(source="a"), ctx)
        assert_type(called, four_kinds.ModelImage)
        assert_type(
            await four_kinds.by_typed_dict({"source": "a", "crops": [{"x": 1}]}),
            four_kinds.DictImage,
        )
        resized = four_kinds.ModelResize(source="a")
        assert_type(await ctx.enqueue("one", four_kinds.sync_by_model, resized), UUID)
        assert_type(await ctx.load("image", four_kinds.ModelResize), four_kinds.ModelResize | None)
        assert_type(await ctx.load("image", four_kinds.DictResize), four_kinds.DictResize | None)

        await client.submit(four_kinds.by_dataclass, resized)  # type: ignore[arg-type]
        await client.submit(four_kinds.by_model, {"source": "a"})  # type: ignore[arg-type]
        await client.submit(four_kinds.by_typed_dict, four_kinds.DictCrop(x=1))  # type: ignore[arg-type]
        await ctx.enqueue("two", four_kinds.by_model, "a")  # type: ignore[arg-type]
        await four_kinds.by_dataclass(four_kinds.ModelResize(source="a"))  # type: ignore[arg-type]

    async def _read_by_mypy(client: Client, ctx: Context, sync_ctx: SyncContext) -> None:
        coming = resize(Resize("a"), ctx)
        assert_type(await assert_type(coming, Awaitable[Image]), Image)
        assert_type(shrink(Resize("a"), sync_ctx), Image)
        assert_type(turn(Resize("a"), degrees=180), Image)
        resize(Resize("a"), sync_ctx)  # type: ignore[arg-type, unused-awaitable]
        shrink(Resize("a"), ctx)  # type: ignore[arg-type]
        turn(Resize("a"), degrees="180")  # type: ignore[arg-type]

        for handle in (
            await client.submit(resize, Resize("a")),
            await client.submit(shrink, Resize("a")),
            await client.submit(turn, Resize("a")),
        ):
            assert_type(await handle.result(), Image)
        await client.submit(shrink, Image("a"))  # type: ignore[arg-type]

        assert_type(await client.submit("acme.resize", {"source": "a"}), TaskHandle[Any])
        requests = [TaskRequest(turn, Resize(each), user_id="ada") for each in "abc"]
        assert_type(await client.submit_many(requests), list[TaskHandle[Image]])
        TaskRequest(shrink, Image("a"))  # type: ignore[arg-type]
        assert_type(await ctx.enqueue("one", resize, Resize("a"), priority="high"), UUID)
        assert_type(sync_ctx.enqueue("two", turn, Resize("a")), UUID)
        await ctx.enqueue("three", "other.type", {"any": "thing"})
        await ctx.enqueue("four", resize, Image("a"))  # type: ignore[arg-type]
        sync_ctx.enqueue("five", turn, Image("a"))  # type: ignore[arg-type]
        batch = await client.submit_batch([TaskRequest(resize, Resize("a"))])
        assert_type((await batch.wait()).counts.success, int)
        TaskRequest(resize, Image("a"))  # type: ignore[arg-type]

        assert_type(await ctx.load("operation", Image), Image | None)
        assert_type(sync_ctx.load("operation", list[int]), list[int] | None)
        assert_type(sync_ctx.settings(Resize), Resize)

    async def _transactions(client: Client, session: AsyncSession, sync: Session) -> None:
        await client.submit(resize, Resize("a"), session=session, idempotency_key="k")
        await client.submit(resize, Resize("a"), session=await session.connection(), unique=True)
        await client.submit(resize, Resize("a"), session=sync)  # type: ignore[call-overload]

    def _synchronous(client: SyncClient, session: Session, connection: Connection) -> None:
        handle = client.submit(resize, Resize("a"), priority="high", session=session)
        assert_type(handle, SyncTaskHandle[Image])
        assert_type(handle.result(), Image)
        assert_type(client.submit(turn, Resize("a"), session=connection).result(), Image)
        assert_type(client.submit("acme.resize", {}), SyncTaskHandle[Any])
        client.submit(resize, Image("a"))  # type: ignore[arg-type]
        requests = [TaskRequest(turn, Resize("a"))]
        assert_type(client.submit_many(requests), list[SyncTaskHandle[Image]])
        batch = client.submit_batch([TaskRequest(resize, Resize("a"))])
        assert_type(batch, SyncBatchHandle)
        assert_type(batch.wait(), BatchInfo)
        assert_type(client.batches(), Iterator[BatchInfo])
        assert_type(handle.events(), Iterator[TaskEvent])
        assert_type([each.id for each in client.tasks()], list[UUID])


def test_a_declared_function_is_called_as_before() -> None:
    assert turn(Resize("a"), degrees=180) == Image("a by 180")
