"""The handler where a worker runs it: in processes, several at once, and stopped at any time."""

import asyncio
import dataclasses
import sys
import time
from collections.abc import AsyncIterator

import msgspec
import pytest

from penstock.processes.error_report import HandlerError
from penstock.processes.pool import ProcessPool
from penstock.testing import BegunRun, Harness
from penstock_upload.description import Upload
from penstock_upload.process import process
from penstock_upload.request import UploadInput
from penstock_upload.settings import UploadSettings
from tests.services.size_limits import LIMITS
from tests.services.standstill import STANDSTILL
from tests.unit.upload import samples


@pytest.fixture
async def pool() -> AsyncIterator[ProcessPool]:
    pool = ProcessPool(LIMITS)
    yield pool
    await pool.close()


async def work(
    pool: ProcessPool, harness: Harness, begun: BegunRun[Upload], data: bytes, task_type=process
):
    stored = await harness.put("a", data, content_type="")
    text = msgspec.json.encode(UploadInput(file=stored.id)).decode()
    return msgspec.json.decode(await pool.run(task_type, text, begun.context, plugin="upload"))


async def test_several_pdfs_at_once_do_not_disturb_each_other(pool, harness):
    data = samples.pdf(pages=40)
    runs = [harness.begin(process) for _ in range(4)]

    done = await asyncio.gather(*(work(pool, harness, run, data) for run in runs))

    assert {each["details"]["pages"] for each in done} == {40}
    assert {each["details"]["excerpt"] for each in done} == {done[0]["details"]["excerpt"]}
    for run in runs:
        assert [percent for percent, _ in run.progress] == [5, 30, 90]
        assert len(run.artifacts) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits what a process maps")
@pytest.mark.parametrize(
    "make",
    [
        lambda: samples.video(codec="mpeg4", sound=None, frames=3, size=(8000, 6000)),
        lambda: samples.png_bomb(width=8_000, height=8_000),
    ],
    ids=["video", "image"],
)
async def test_a_file_that_needs_too_much_memory_is_not_called_damaged(pool, harness, make):
    harness.settings(UploadSettings(max_pixels=80_000_000))
    small = dataclasses.replace(process, max_memory=120 * 1024**2)

    with pytest.raises(HandlerError) as caught:
        await work(pool, harness, harness.begin(process), make(), small)

    assert caught.value.report.code == "memory_limit"


@pytest.mark.parametrize(
    "make",
    [
        lambda: samples.gif_of(frames=900, size=1000),
        lambda: samples.written_pdf(b"0 0 m 200 300 -100 -200 200 100 c f\n" * 200_000),
    ],
    ids=["frames of an image", "drawing of a page"],
)
async def test_a_stopped_run_leaves_no_file(pool, harness, tmp_path, monkeypatch, make):
    run = harness.begin(process)  # whose files are elsewhere
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    working = asyncio.create_task(work(pool, harness, run, make()))
    while not run.progress or run.progress[-1][0] < 30:
        await run.changed.wait()
    done, _ = await asyncio.wait([working], timeout=0.3)  # well into it: it takes seconds
    assert not done
    assert list(tmp_path.glob("*/penstock-upload-*/file"))

    started = time.monotonic()
    run.cancel("by ada")
    working.cancel()
    await asyncio.wait([working])

    assert time.monotonic() - started < 1 + STANDSTILL
    assert isinstance(working.exception(), HandlerError)
    assert list(tmp_path.iterdir()) == []
