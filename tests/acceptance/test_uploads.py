"""Files over real HTTP: streamed, whole, and gone without a trace where anything goes wrong."""

import asyncio
import os
import socket
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.acceptance.conftest import Install
from tests.services.installation import API_KEY, Installation, wait_until

BOUNDARY = "a-line-between-parts"
MEBIBYTE = 1 << 20
LARGE = 100 * MEBIBYTE
# Far below the file: the API must not hold it, nor much of it.
MOST_GROWTH = 60 * MEBIBYTE
HEAD = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="type"\r\n\r\nprobe.upload\r\n'
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="large.bin"\r\n'
    "Content-Type: application/x-probe\r\n\r\n"
).encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()


def rows(installation: Installation) -> list[int]:
    """How many tasks and artifacts the ledger has."""

    async def count() -> list[int]:
        engine = create_async_engine(installation.environment["DATABASE_URL"])
        try:
            async with engine.connect() as connection:
                counts = [
                    await connection.execute(text(f"SELECT count(*) FROM {table}"))
                    for table in ("task", "artifact")
                ]
                return [int(each.scalar_one()) for each in counts]
        finally:
            await engine.dispose()

    return asyncio.run(count())


def files(installation: Installation) -> list[Path]:
    """Everything in the data folder that holds artifacts, drafts included."""
    folder = installation.folder / "data" / "artifacts"
    return sorted(each for each in folder.rglob("*") if each.is_file())


def upload(installation: Installation, content: Any, **headers: str) -> httpx.Response:
    return installation.client.post(
        "/api/uploads",
        content=content,
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", **headers},
    )


def accepted(answer: httpx.Response) -> str:
    assert answer.status_code == 202, answer.text
    task_id: str = answer.json()["data"]["id"]
    assert answer.headers["Location"] == f"/api/queues/tasks/{task_id}"
    return task_id


class PeakMemory:
    """The largest resident memory of the API while a body is sent."""

    def __init__(self, installation: Installation) -> None:
        self._process = psutil.Process(installation._processes[0].pid)
        self.start = self.peak = self._process.memory_info().rss

    def watched(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            yield chunk
            self.peak = max(self.peak, self._process.memory_info().rss)


def test_a_large_file_is_streamed_and_arrives_whole(install: Install) -> None:
    penstock = install()
    penstock.start_worker("probe")
    # What is loaded on first use is no part of the measure.
    accepted(upload(penstock, HEAD + b"x" * MEBIBYTE + TAIL))
    digest, block = sha256(), os.urandom(MEBIBYTE)
    memory = PeakMemory(penstock)

    def body() -> Iterator[bytes]:
        yield HEAD
        for number in range(LARGE // MEBIBYTE):
            chunk = number.to_bytes(8, "big") + block[8:]
            digest.update(chunk)
            yield chunk
        yield TAIL

    task_id = accepted(upload(penstock, memory.watched(body())))
    task = penstock.outcome(task_id)

    assert task["status"] == "success"
    assert task["result"] == {
        "name": "large.bin",
        "content_type": "application/x-probe",
        "size": LARGE,
        "sha256": digest.hexdigest(),
    }
    assert memory.peak - memory.start < MOST_GROWTH
    with penstock.client.stream("GET", f"/api/artifacts/{task['input']['file']}") as answer:
        served = sha256()
        for chunk in answer.iter_bytes():
            served.update(chunk)
    assert served.digest() == digest.digest()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="large.bin"'


def test_a_caller_that_goes_away_in_the_middle_leaves_nothing(running: Installation) -> None:
    before = rows(running), files(running)

    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as connection:
        connection.sendall(
            f"POST /api/uploads HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer {API_KEY}\r\n"
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
            f"Content-Length: {LARGE}\r\n\r\n".encode()
        )
        connection.sendall(HEAD + bytes(20 * MEBIBYTE))
        wait_until(lambda: files(running) != before[1], what="the first bytes to be stored")

    wait_until(lambda: files(running) == before[1], what="the bytes to be deleted")
    assert rows(running) == before[0]
    assert accepted(upload(running, HEAD + b"x" + TAIL))


@pytest.mark.parametrize("length", ["announced", "unknown"])
def test_a_file_over_the_limit_is_refused_and_leaves_nothing(install: Install, length: str) -> None:
    limit = 3 * MEBIBYTE
    penstock = install(environment={"PENSTOCK_MAX_UPLOAD_BYTES": str(limit)})
    body = HEAD + bytes(limit) + TAIL

    chunks = (body[at : at + 9999] for at in range(0, len(body), 9999))
    answer = upload(penstock, body if length == "announced" else chunks)

    assert answer.status_code == 413, answer.text
    (error,) = answer.json()["errors"]
    assert str(limit) in error["message"]
    assert "PENSTOCK_MAX_UPLOAD_BYTES" in error["remedy"]
    assert (rows(penstock), files(penstock)) == ([0, 0], [])
    accepted(upload(penstock, HEAD + bytes(limit - 1000) + TAIL))


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        pytest.param(HEAD + b"x" * 1000, 400, "$", id="cut"),
        pytest.param(HEAD.replace(b"large.bin", b"../a") + TAIL, 422, "$.file", id="traversal"),
        pytest.param(HEAD.replace(b"probe.upload", b"probe.lin") + TAIL, 422, "$.type", id="type"),
        pytest.param(HEAD + b"x\r\n" + HEAD + TAIL, 422, "$.type", id="twice"),
    ],
)
def test_a_form_that_is_wrong_is_refused_and_leaves_nothing(
    running: Installation, body: bytes, status: int, field: str
) -> None:
    before = rows(running), files(running)

    answer = upload(running, body)

    assert answer.status_code == status, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]
    assert (rows(running), files(running)) == before


def test_a_large_file_that_is_refused_at_once_still_gets_its_answer(running: Installation) -> None:
    head = HEAD.replace(b"probe.upload", b"probe.line")

    answer = upload(running, (each for each in [head, *[bytes(MEBIBYTE)] * 50, TAIL]))

    assert answer.status_code == 422, answer.text
    assert "takes no files" in answer.json()["detail"]


def test_without_the_key_no_byte_is_stored(running: Installation) -> None:
    before = rows(running), files(running)

    answer = upload(running, HEAD + b"x" + TAIL, Authorization="Bearer wrong")

    assert answer.status_code == 401
    assert (rows(running), files(running)) == before
