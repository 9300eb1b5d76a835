import hashlib
import tracemalloc
from uuid import uuid4

import msgspec
import pytest

import penstock_upload
from penstock import PermanentError
from penstock.testing import Harness
from penstock_upload.description import ImageDetails, TextDetails, Upload
from penstock_upload.process import process
from penstock_upload.queues import UPLOAD
from penstock_upload.request import UploadInput
from penstock_upload.settings import UploadSettings
from tests.unit.upload import samples


def decode(**fields):
    return msgspec.json.decode(msgspec.json.encode(fields), type=UploadInput)


def inline_file(content, name="file.bin", content_type=None):
    return decode(content=content, name=name, content_type=content_type)


def test_the_plugin_declares_its_queue_task_and_settings():
    assert penstock_upload.penstock_queues() == [UPLOAD]
    assert penstock_upload.penstock_tasks() == [process]
    assert penstock_upload.penstock_settings() == [UploadSettings]
    assert (process.queue, process.upload) == (UPLOAD, "file")


def test_examples_need_no_file_that_was_uploaded_before():
    assert all(example.file is None for example in process.examples)


async def test_the_first_example_is_an_image_and_gets_a_thumbnail(inline):
    run = await inline.start(process, process.examples[0])

    result = run.output

    assert (result.kind, result.content_type, result.extension) == ("image", "image/png", "png")
    assert result.details == ImageDetails(
        format="PNG", width=32, height=32, frames=1, animated=False
    )
    assert result.thumbnail is not None
    assert result.thumbnail.name == "sun-thumbnail.jpg"
    assert await inline.bytes_of(result.file) == process.examples[0].content
    assert [percent for percent, _ in run.progress] == [5, 30, 90]


async def test_the_second_example_is_a_text(inline):
    result = await inline.run(process, process.examples[1])

    assert (result.kind, result.content_type, result.thumbnail) == ("text", "text/plain", None)
    assert isinstance(result.details, TextDetails)
    assert result.details.lines == 3


@pytest.mark.parametrize("content_type", samples.ONE_OF_EACH)
def test_every_supported_type_is_what_its_decoder_confirms(upload, content_type):
    data = samples.ONE_OF_EACH[content_type]()

    result, _ = upload(data, "misleading.exe")

    assert result.content_type == content_type
    assert result.size == len(data)
    assert result.sha256 == hashlib.sha256(data).hexdigest()
    assert result.file.name == "misleading.exe"
    has_picture = content_type.startswith(("image", "video")) or result.kind == "pdf"
    assert (result.thumbnail is not None) == has_picture
    assert result.details.__struct_config__.tag == result.kind
    assert msgspec.json.decode(msgspec.json.encode(result), type=Upload) == result


@pytest.mark.parametrize("content_type", samples.ONE_OF_EACH)
def test_every_supported_type_may_be_declared(upload, content_type):
    data = samples.ONE_OF_EACH[content_type]()

    result, _ = upload(data, content_type=f"{content_type.upper()}; charset=utf-8")

    assert result.content_type == content_type


@pytest.mark.parametrize(
    ("declared", "real"),
    [
        ("image/jpg", "image/jpeg"),
        ("audio/x-wav", "audio/wav"),
        ("audio/mp3", "audio/mpeg"),
        ("video/mp4", "video/quicktime"),
        ("video/quicktime", "video/mp4"),
        ("audio/x-m4a", "audio/mp4"),
        ("video/webm", "video/x-matroska"),
        ("text/csv", "text/plain"),
        ("text/plain", "application/json"),
        ("application/json", "text/plain"),
        ("image/svg+xml", "text/plain"),
        ("", "image/png"),
    ],
)
def test_other_names_of_the_same_type_are_accepted(upload, declared, real):
    result, _ = upload(samples.ONE_OF_EACH[real](), content_type=declared)

    assert result.content_type == real


@pytest.mark.parametrize(
    ("declared", "real"),
    [
        ("image/jpeg", "image/png"),
        ("image/png", "text/plain"),
        ("text/plain", "image/png"),
        ("application/pdf", "image/png"),
        ("video/mp4", "video/webm"),
        ("image/heic", "image/avif"),
        ("nonsense", "image/png"),
    ],
)
def test_a_declared_type_that_is_not_the_real_one_is_refused(upload, declared, real):
    with pytest.raises(PermanentError, match=f"to be {declared}.*got {real}") as caught:
        upload(samples.ONE_OF_EACH[real](), content_type=declared)

    assert caught.value.code == "content_type_mismatch"


def test_html_is_text_whatever_its_name_says(upload):
    result, files = upload(b"<!doctype html><script>alert(1)</script>", "cat.png")

    assert (result.kind, result.content_type, result.extension) == ("text", "text/plain", "txt")
    assert result.thumbnail is None
    assert files == {}


async def test_inline_content_is_stored_under_the_type_that_was_confirmed(inline):
    data = samples.image_file("PNG")

    result = await inline.run(process, inline_file(data, "a.jpeg"))

    assert await inline.bytes_of(result.file) == data
    assert (result.file.name, result.file.content_type) == ("a.jpeg", "image/png")


def test_a_stored_file_is_not_stored_again(upload):
    _, files = upload(b"text")

    assert files == {}


async def test_what_is_refused_leaves_nothing_behind(inline):
    run = await inline.start(process, inline_file(b"\x7fELF"))

    assert (run.status, run.artifacts) == ("failed", [])


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "/etc/passwd", "a\\b", "a\nb", "\u202ea"])
async def test_a_name_that_is_not_plain_is_refused(inline, name):
    with pytest.raises(PermanentError, match="plain file name") as caught:
        await inline.run(process, inline_file(b"x", name))

    assert caught.value.code == "invalid_name"


EMPTY = r"'void\.txt' to have at least one byte"


def test_zero_bytes_are_refused(upload):
    with pytest.raises(PermanentError, match=EMPTY) as caught:
        upload(b"", "void.txt")

    assert caught.value.code == "empty_file"


async def test_zero_bytes_are_refused_inline(inline):
    with pytest.raises(PermanentError, match=EMPTY) as caught:
        await inline.run(process, inline_file(b"", "void.txt"))

    assert caught.value.code == "empty_file"


async def test_a_file_that_is_not_there_is_refused(inline):
    with pytest.raises(PermanentError) as caught:
        await inline.run(process, UploadInput(file=uuid4()))

    assert caught.value.code == "artifact_not_found"


async def test_bytes_that_changed_in_the_storage_are_tried_again(tmp_path):
    async with Harness(folder=tmp_path, inline=True) as harness:
        stored = await harness.put("a.txt", b"text", content_type="text/plain")
        (file,) = (each for each in tmp_path.rglob("*") if each.is_file())
        file.write_bytes(b"tex!")

        run = await harness.start(process, UploadInput(file=stored.id))

    assert {each.code for each in run.failures} == {"checksum_mismatch"}
    assert stored.sha256 in str(run.error)
    assert run.attempts == process.retry.max_attempts


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({}, "exactly one of 'file' and 'content', got neither"),
        ({"file": uuid4(), "content": b"x", "name": "x"}, "got both"),
        ({"content": b"x"}, "'content' to come with a 'name'"),
        ({"file": uuid4(), "name": "x"}, "only together with 'content'"),
        ({"file": uuid4(), "content_type": "text/plain"}, "only together with 'content'"),
        ({"file": "x"}, "UUID"),
        ({"content": b"x" * 700_001, "name": "x"}, "length <= 700000"),
        ({"content": "!", "name": "x"}, "base64"),
        ({"content": b"x", "name": "x" * 256}, "length <= 255"),
        ({"content": b"x", "name": "x", "nam": "y"}, "unknown field `nam`"),
    ],
)
def test_bad_input_is_refused_when_it_is_decoded(fields, problem):
    with pytest.raises(msgspec.ValidationError) as caught:
        decode(**fields)

    assert problem in str(caught.value)


def test_a_long_name_still_leaves_room_for_the_names_of_what_is_made(upload):
    result, _ = upload(samples.image_file("PNG"), "x" * 251 + ".png")

    assert len(result.thumbnail.name) < 255


def test_a_large_file_does_not_pass_through_memory(upload):
    line = "0123456789 " * 9 + "\n"
    data = (line * 500_000).encode()
    tracemalloc.start()
    try:
        result, _ = upload(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(data) == 50_000_000
    assert result.details.lines == 500_000
    assert peak < 5_000_000
