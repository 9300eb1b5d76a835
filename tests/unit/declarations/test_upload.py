"""``task(upload=…)``: which field of an input gets the id of an uploaded file."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import pytest
from msgspec import Meta, Struct, field

from penstock import DeclarationError, Queue, TaskType, task

ACME = Queue("acme")


class Plain(Struct):
    file: UUID
    width: int = 320


class Optional(Struct):
    file: UUID | None = None


class Described(Struct):
    file: Annotated[UUID, Meta(description="Which file.")] | None = None


class Renamed(Struct):
    stored: UUID = field(name="file")


@dataclass
class Classic:
    file: UUID


def declare(input_type: Any, upload: Any) -> TaskType[Any, Any]:
    async def handler(request):
        return None

    handler.__annotations__ = {"request": input_type, "return": None}
    build: Callable[[Any], TaskType[Any, Any]] = task("acme.scan", queue=ACME, upload=upload)
    return build(handler)


@pytest.mark.parametrize("input_type", [Plain, Optional, Described, Renamed, Classic])
def test_a_field_that_is_a_uuid_takes_the_id_of_a_file(input_type: Any) -> None:
    assert declare(input_type, "file").upload == "file"


def test_without_it_a_task_type_takes_no_files() -> None:
    assert declare(Plain, None).upload is None


@pytest.mark.parametrize(
    ("input_type", "upload", "fields"),
    [
        (Plain, "fiel", "'file', 'width'"),
        (Plain, "width", "'file', 'width'"),
        (Plain, "", "'file', 'width'"),
        (Renamed, "stored", "'file'"),
        (dict[str, Any], "file", "none"),
        (UUID, "file", "none"),
    ],
)
def test_another_field_is_refused_with_those_there_are(
    input_type: Any, upload: str, fields: str
) -> None:
    message = (
        f"expected upload of task type 'acme.scan' to name a field of its input that is a UUID, "
        f"got '{upload}'; the fields are {fields}"
    )
    with pytest.raises(DeclarationError, match=message):
        declare(input_type, upload)
