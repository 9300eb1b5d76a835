"""One task type, declared with each kind of type that there is; in JSON they are the same."""

from dataclasses import dataclass, field
from typing import Annotated, Any, NotRequired, TypedDict
from uuid import UUID

import msgspec
import pydantic
from msgspec import Meta, Struct

from penstock import Context, Queue, SyncContext, TaskType, task
from penstock.plugins import Catalogue, Plugin

KINDS = ("struct", "dataclass", "typed_dict", "model")
QUEUE = Queue("kinds", concurrency=8)

Width = Annotated[int, Meta(ge=1, description="In pixels.", examples=[640])]


class StructCrop(Struct):
    x: int
    y: int = 0


class StructResize(Struct):
    source: str
    width: Width = 320
    crops: list[StructCrop] = []
    file: UUID | None = None


class StructImage(Struct):
    key: str
    crops: list[StructCrop] = []


@dataclass
class ClassCrop:
    x: int
    y: int = 0


@dataclass
class ClassResize:
    source: str
    width: Width = 320
    crops: list[ClassCrop] = field(default_factory=list)
    file: UUID | None = None


@dataclass
class ClassImage:
    key: str
    crops: list[ClassCrop] = field(default_factory=list)


class DictCrop(TypedDict):
    x: int
    y: NotRequired[int]


class DictResize(TypedDict):
    source: str
    width: NotRequired[Width]
    crops: NotRequired[list[DictCrop]]
    file: NotRequired[UUID | None]


class DictImage(TypedDict, total=False):
    key: str
    crops: list[DictCrop]


class ModelCrop(pydantic.BaseModel):
    x: int
    y: int = 0


class ModelResize(pydantic.BaseModel):
    source: str
    width: int = pydantic.Field(default=320, ge=1, description="In pixels.", examples=[640])
    crops: list[ModelCrop] = []
    file: UUID | None = None


class ModelImage(pydantic.BaseModel):
    key: str
    crops: list[ModelCrop] = []


@task("kinds.struct", queue=QUEUE, upload="file", examples=[StructResize("a")])
async def by_struct(image: StructResize) -> StructImage:
    """Resize an image."""
    return StructImage(image.source, image.crops)


@task("kinds.dataclass", queue=QUEUE, upload="file", examples=[ClassResize("a")])
async def by_dataclass(image: ClassResize) -> ClassImage:
    """Resize an image."""
    return ClassImage(image.source, image.crops)


@task("kinds.typed_dict", queue=QUEUE, upload="file", examples=[DictResize(source="a")])
async def by_typed_dict(image: DictResize) -> DictImage:
    """Resize an image."""
    return DictImage(key=image["source"], crops=image.get("crops", []))


@task("kinds.model", queue=QUEUE, upload="file", examples=[ModelResize(source="a")])
async def by_model(image: ModelResize, ctx: Context) -> ModelImage:
    """Resize an image, and enqueue what becomes of it."""
    await ctx.save("image", image)
    assert await ctx.load("image", ModelResize) == image
    if image.source == "parent":
        await ctx.enqueue("child", sync_by_model, image.model_copy(update={"source": "child"}))
    return ModelImage(key=image.source, crops=image.crops)


@task("kinds.sync_model", queue=QUEUE)
def sync_by_model(image: ModelResize, ctx: SyncContext) -> ModelImage:
    """Resize an image in a process."""
    ctx.save("image", image)
    assert ctx.load("image", ModelResize) == image
    return ModelImage(key=image.source, crops=image.crops)


@task("kinds.sync_dataclass", queue=QUEUE)
def sync_by_dataclass(image: ClassResize) -> ClassImage:
    """Resize an image in a process."""
    return ClassImage(image.source, image.crops)


class Newer(pydantic.BaseModel):
    """What the next version of the plugin takes."""

    source: str
    height: int
    colour: str = "red"


@task("kinds.model", queue=QUEUE)
async def newer_model(image: Newer) -> str:
    return image.colour


@task("kinds.sync_model", queue=QUEUE)
def newer_sync_model(image: Newer) -> str:
    return image.colour


TASKS: list[TaskType[Any, Any]] = [
    by_struct,
    by_dataclass,
    by_typed_dict,
    by_model,
    sync_by_model,
    sync_by_dataclass,
]
OF_KIND = {each.name.removeprefix("kinds."): each for each in TASKS}


def catalogue() -> Catalogue:
    plugin = Plugin(
        name="kinds", distribution="penstock-kinds", version="1.0", queues=[QUEUE], tasks=TASKS
    )
    return Catalogue(plugins=[plugin])


def plain(data_type: Any, value: Any) -> Any:
    """A value as plain data."""
    return msgspec.json.decode(data_type.encode(value))
