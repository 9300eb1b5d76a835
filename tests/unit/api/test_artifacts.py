import hashlib
from uuid import UUID, uuid4

import httpx
import pytest

from penstock.declarations import Artifact
from tests.unit.api.in_memory_dispatch import InMemoryArtifacts
from tests.unit.api.problem_checks import problem_of

CHUNKS = [b"%PDF-", b"1.7 and so on"]


def stored(
    artifacts: InMemoryArtifacts,
    *,
    name: str = "report.pdf",
    content_type: str = "application/pdf",
    chunks: list[bytes] = CHUNKS,
) -> UUID:
    data = b"".join(chunks)
    artifact = Artifact(
        id=uuid4(),
        name=name,
        content_type=content_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    artifacts.keep(artifact, chunks)
    return artifact.id


async def test_a_file_is_served_so_that_no_browser_runs_it(
    client: httpx.AsyncClient, artifacts: InMemoryArtifacts
):
    page = [b"<script>alert(1)</script>"]
    artifact_id = stored(artifacts, name="a.html", content_type="text/html", chunks=page)
    answer = await client.get(f"/api/artifacts/{artifact_id}")

    assert answer.status_code == 200
    assert answer.content == page[0]
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers["Content-Length"] == str(len(page[0]))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a.html"'
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert len(answer.headers.get_list("Content-Length")) == 1


async def test_chunks_are_streamed_in_their_order(
    client: httpx.AsyncClient, artifacts: InMemoryArtifacts
):
    answer = await client.get(f"/api/artifacts/{stored(artifacts)}")

    assert answer.content == b"%PDF-1.7 and so on"


async def test_an_empty_file_is_served(client: httpx.AsyncClient, artifacts: InMemoryArtifacts):
    answer = await client.get(f"/api/artifacts/{stored(artifacts, chunks=[])}")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Content-Length"] == "0"


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
async def test_a_copy_that_is_the_same_is_not_sent_again(
    client: httpx.AsyncClient, artifacts: InMemoryArtifacts, form
):
    path = f"/api/artifacts/{stored(artifacts)}"
    etag = (await client.get(path)).headers["ETag"]
    assert etag == f'"{hashlib.sha256(b"".join(CHUNKS)).hexdigest()}"'

    answer = await client.get(path, headers={"If-None-Match": form.format(etag)})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == etag
    other = await client.get(path, headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("a b.pdf", 'attachment; filename="a b.pdf"'),
        ("Größe.pdf", "attachment; filename=\"Gr__e.pdf\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.pdf"),
        (
            'x"; filename="y',
            "attachment; filename=\"x_; filename=_y\"; filename*=UTF-8''x%22%3B%20filename%3D%22y",
        ),
        (
            "a\r\nX-Evil: 1",
            "attachment; filename=\"a__X-Evil_ 1\"; filename*=UTF-8''a%0D%0AX-Evil%3A%201",
        ),
        ("100%.pdf", "attachment; filename=\"100_.pdf\"; filename*=UTF-8''100%25.pdf"),
        ("\ud800", "attachment; filename=\"_\"; filename*=UTF-8''%3F"),
    ],
)
async def test_any_name_is_offered_safely(
    client: httpx.AsyncClient, artifacts: InMemoryArtifacts, name, disposition
):
    answer = await client.get(f"/api/artifacts/{stored(artifacts, name=name)}")

    assert answer.headers["Content-Disposition"] == disposition


@pytest.mark.parametrize(
    ("content_type", "sent"),
    [
        ("text/html; charset=utf-8", "text/html; charset=utf-8"),
        ('text/csv; header="present"', 'text/csv; header="present"'),
        ("text/html\r\nX-Evil: 1", "application/octet-stream"),
        ("nonsense", "application/octet-stream"),
        ("", "application/octet-stream"),
        ("text/ü", "application/octet-stream"),
    ],
)
async def test_only_a_real_media_type_is_sent(
    client: httpx.AsyncClient, artifacts: InMemoryArtifacts, content_type, sent
):
    answer = await client.get(f"/api/artifacts/{stored(artifacts, content_type=content_type)}")

    assert answer.headers["Content-Type"] == sent


async def test_an_unknown_file_is_not_found(client: httpx.AsyncClient):
    problem = problem_of(await client.get(f"/api/artifacts/{uuid4()}"), 404)

    assert problem["type"] == "/problems/artifact-not-found"


async def test_a_malformed_id_is_refused(client: httpx.AsyncClient):
    problem = problem_of(await client.get("/api/artifacts/..%2F..%2Fetc"), 404)
    assert problem["type"] == "/problems/not-found"
    problem = problem_of(await client.get("/api/artifacts/report.pdf"), 400)
    assert problem["type"] == "/problems/invalid-id"
