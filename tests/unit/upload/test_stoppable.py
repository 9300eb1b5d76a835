import asyncio
import threading

import pytest

from penstock_upload.stoppable import Stop, StoppableFile, in_thread


async def test_work_returns_and_raises_as_if_it_were_called():
    assert await in_thread(lambda _: 5) == 5
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda _: 1 / 0)


async def test_a_cancelled_task_ends_after_its_thread_however_often_it_is_cancelled():
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()
    stops = []

    def work(stop):
        stops.append(stop)
        begun.set()
        assert may_end.wait(10)
        ended.set()
        raise RuntimeError("nobody wants to know")

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(begun.wait)
    for _ in range(3):
        task.cancel()
        await asyncio.wait([task], timeout=0.01)
        assert not task.done()
    assert stops[0].wanted

    may_end.set()
    await asyncio.wait([task])

    assert task.cancelled()
    assert ended.is_set()


def test_a_file_ends_when_its_reader_shall_stop(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    stop = Stop()

    with StoppableFile(path, stop) as file:
        assert file.read(4) == b"0123"
        stop.set()
        assert file.read(4) == b""
