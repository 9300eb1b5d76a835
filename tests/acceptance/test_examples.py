"""What `GET /api/task-types` shows as an example succeeds, and the files that it makes are real."""

import ast
from io import BytesIO
from typing import Any

import av
import pypdfium2  # type: ignore[import-untyped]
import pytest
from PIL import Image

from tests.services.installation import Installation

BUILT_IN = [
    "ai.code",
    "ai.document",
    "ai.image",
    "ai.text",
    "upload.process",
    "video.generate",
]


def examples(penstock: Installation, type_name: str) -> list[Any]:
    answer = penstock.client.get(f"/api/task-types/{type_name}")
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["data"]["examples"]
    return found


def result_of(penstock: Installation, type_name: str, task_input: object) -> Any:
    task = penstock.outcome(penstock.submit(type_name, task_input), timeout=60)
    assert (task["status"], task["progress"], task["error"]) == ("success", 100, None), task
    return task["result"]


def file_of(penstock: Installation, artifact: dict[str, Any]) -> BytesIO:
    answer = penstock.client.get(f"/api/artifacts/{artifact['id']}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == artifact["content_type"]
    assert len(answer.content) == artifact["size"]
    return BytesIO(answer.content)


def test_every_built_in_task_type_is_there(running: Installation) -> None:
    listed = running.client.get("/api/task-types").json()["data"]

    assert {each["type"] for each in listed} >= set(BUILT_IN)


@pytest.mark.parametrize("type_name", BUILT_IN)
def test_every_example_succeeds(running: Installation, type_name: str) -> None:
    found = examples(running, type_name)

    assert found
    for each in found:
        result_of(running, type_name, each)


def test_the_first_document_is_a_pdf_with_its_text(running: Installation) -> None:
    first = examples(running, "ai.document")[0]
    result = result_of(running, "ai.document", first)

    pdf = pypdfium2.PdfDocument(file_of(running, result["artifact"]))
    text = pdf[0].get_textpage().get_text_range()
    assert len(pdf) == result["pages"] == 1
    assert "This PDF was rendered from Markdown" in text
    assert result["is_model_output"] is False


def test_the_first_text_says_that_no_model_wrote_it(running: Installation) -> None:
    result = result_of(running, "ai.text", examples(running, "ai.text")[0])

    assert result["text"].strip()
    assert (result["provider"], result["is_model_output"]) == ("builtin", False)
    assert (result["usage"], result["cost"]) == (None, 0)


def test_the_first_image_has_the_size_that_it_says_and_something_on_it(
    running: Installation,
) -> None:
    result = result_of(running, "ai.image", examples(running, "ai.image")[0])

    image = Image.open(file_of(running, result["artifact"]))
    assert image.size == (result["width"], result["height"])
    colours = image.convert("RGB").getcolors(maxcolors=1 << 24)
    assert colours is not None
    assert len(colours) > 10
    assert result["is_model_output"] is False


def test_the_first_code_is_python(running: Installation) -> None:
    result = result_of(running, "ai.code", examples(running, "ai.code")[0])

    code = file_of(running, result["artifact"]).read().decode()
    assert any(isinstance(each, ast.ClassDef) for each in ast.parse(code).body)
    assert (code, result["syntax_ok"]) == (result["code"], True)


def test_the_first_video_has_the_frames_and_the_length_that_it_says(
    running: Installation,
) -> None:
    result = result_of(running, "video.generate", examples(running, "video.generate")[0])

    with av.open(file_of(running, result["artifact"]), "r") as video:
        stream = video.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert (stream.codec_context.width, stream.codec_context.height) == (
            result["width"],
            result["height"],
        )
        frames = sum(1 for _ in video.decode(video=0))
    assert frames == result["frames"] == round(result["duration_seconds"] * result["fps"])
    poster = Image.open(file_of(running, result["poster"]))
    assert poster.size == (result["width"], result["height"])


def test_the_first_upload_is_described_and_has_a_thumbnail(running: Installation) -> None:
    result = result_of(running, "upload.process", examples(running, "upload.process")[0])

    original = Image.open(file_of(running, result["file"]))
    thumbnail = Image.open(file_of(running, result["thumbnail"]))
    assert result["content_type"] == "image/png"
    assert original.size == (result["details"]["width"], result["details"]["height"])
    assert max(thumbnail.size) <= 320
