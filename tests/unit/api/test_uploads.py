"""`POST /api/uploads`: a form in, a task and its file out."""

from collections.abc import AsyncIterator, Iterable

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock import task
from penstock.api import SingleKeyAccess, create_api
from penstock.ledger import LedgerUnavailableError
from penstock.plugins import Catalogue, Plugin
from tests.unit.api.acme_plugin import ACME, Scan, letter, scan
from tests.unit.api.conftest import (
    KEY,
    MAX_BODY_BYTES,
    MAX_UPLOAD_BYTES,
)
from tests.unit.api.in_memory_dispatch import InMemoryArtifacts, InMemoryDispatch
from tests.unit.api.in_memory_services import InMemoryServices
from tests.unit.api.multipart_form import BOUNDARY, CONTENT_TYPE, file_part, form, part
from tests.unit.api.problem_checks import field_errors, problem_of

# A test reuses the client of its function for many examples: nothing in it depends on the last one.
many = settings(
    max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
WITH_BOUNDARY = f"multipart/form-data; boundary={BOUNDARY}"


async def post(client: httpx.AsyncClient, content: bytes | AsyncIterator[bytes]) -> httpx.Response:
    return await client.post("/api/uploads", content=content, headers=CONTENT_TYPE)


async def in_chunks(body: bytes, cuts: Iterable[int]) -> AsyncIterator[bytes]:
    start = 0
    for cut in [*sorted(cuts), len(body)]:
        yield body[start:cut]
        start = max(start, cut)


async def test_a_file_becomes_a_task_that_owns_it(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch, artifacts: InMemoryArtifacts
):
    content = bytes(range(256)) * 300
    answer = await client.post(
        "/api/uploads",
        files={"file": ("Straße.pdf", content, "application/pdf")},
        data={
            "type": "acme.scan",
            "input": '{"pages":  3, "notes": [{"text": "a\\u00e9"}]}',
            "priority": "7",
            "user_id": "ada",
            "delay_seconds": "1.5",
        },
    )

    assert answer.status_code == 202, answer.text
    shown = answer.json()["data"]
    (file,) = dispatch.files
    assert (file.name, file.content_type, file.size) == (
        "Straße.pdf",
        "application/pdf",
        len(content),
    )
    assert str(file.task_id) == shown["id"]
    assert artifacts.kept == [content]
    assert shown["input"] == {"document": str(file.id), "pages": 3, "notes": [{"text": "aé"}]}
    assert (shown["type"], shown["priority"], shown["user_id"]) == ("acme.scan", "high", "ada")
    assert dispatch.delays[0].total_seconds() == 1.5  # type: ignore[union-attr]
    assert answer.headers["Location"] == f"/api/queues/tasks/{shown['id']}"
    assert (await client.get(answer.headers["Location"])).json() == answer.json()


async def test_the_only_task_type_that_takes_files_needs_no_naming(client: httpx.AsyncClient):
    answer = await post(client, form(file_part()))

    assert answer.status_code == 202
    assert answer.json()["data"]["type"] == "acme.scan"


async def test_parts_come_in_any_order(client: httpx.AsyncClient):
    parts = [part("priority", "low"), file_part(), part("input", '{"pages": 2}')]
    for turn in range(3):
        answer = await post(client, form(*parts[turn:], *parts[:turn]))

        task = answer.json()["data"]
        assert (task["priority"], task["input"]["pages"]) == ("low", 2)


async def test_an_empty_file_is_a_file_and_its_task_type_decides(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    assert (await post(client, form(file_part(b"")))).status_code == 202
    assert dispatch.files[0].size == 0


@pytest.mark.parametrize(
    ("declared", "kept"),
    [
        ("image/svg+xml; charset=utf-8", "image/svg+xml; charset=utf-8"),
        ("picture", "application/octet-stream"),
        ("image/png; x=" + "y" * 255, "application/octet-stream"),
        (None, "application/octet-stream"),
    ],
)
async def test_a_media_type_is_kept_as_declared_if_it_is_one(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch, declared: str | None, kept: str
):
    headers = {"Content-Type": declared} if declared else {}
    assert (await post(client, form(file_part(headers=headers)))).status_code == 202

    assert dispatch.files[0].content_type == kept


@pytest.mark.parametrize(
    ("parts", "status", "field", "message", "remedy"),
    [
        pytest.param([], 422, "$.file", "no file", "a part named 'file'", id="nothing"),
        pytest.param(
            [file_part(), file_part()], 422, "$.file", "several", "one file per", id="two files"
        ),
        pytest.param([part("file", "x")], 422, "$.file", "no file name", "own name", id="no name"),
        pytest.param(
            [file_part(filename="")],
            422,
            "$.file",
            "no file was chosen",
            "own name",
            id="no choice",
        ),
        pytest.param(
            [file_part(filename="../../etc/passwd")],
            422,
            "$.file",
            "../../etc/passwd",
            "without folders",
            id="traversal",
        ),
        pytest.param(
            [file_part(filename="a\\b")], 422, "$.file", "plain", "without folders", id="backslash"
        ),
        pytest.param([file_part(filename="..")], 422, "$.file", '".."', "plain", id=".."),
        pytest.param([file_part(filename="a\0b")], 422, "$.file", "u0000", "plain", id="NUL"),
        pytest.param([file_part(filename="a%0Ab")], 422, "$.file", "\\n", "plain", id="newline"),
        pytest.param([file_part(filename="a" * 256)], 422, "$.file", "255", "plain", id="long"),
        pytest.param(
            [part("upload", "x", filename="a.pdf")],
            422,
            "$.upload",
            "no such field",
            "name the part of the file 'file'",
            id="file under another name",
        ),
        pytest.param(
            [part("prioriti", "low")], 422, "$.prioriti", "no such", "'priority'", id="unknown"
        ),
        pytest.param(
            [part("priority", "low"), part("priority", "low")],
            422,
            "$.priority",
            "several",
            "once",
            id="twice",
        ),
        pytest.param(
            [part("priority", "lwo"), file_part()], 422, "$.priority", "lwo", "low", id="priority"
        ),
        pytest.param(
            [part("delay_seconds", "soon"), file_part()],
            422,
            "$.delay_seconds",
            "soon",
            "seconds",
            id="delay",
        ),
        pytest.param(
            [part("user_id", "a\0b"), file_part()], 422, "$.user_id", "NUL", "remove", id="NUL user"
        ),
        pytest.param(
            [part("user_id", b"\xff"), file_part()], 400, "$.user_id", "UTF-8", "UTF-8", id="UTF-8"
        ),
        pytest.param(
            [part("type", "acme.letter"), file_part()],
            422,
            "$.type",
            "takes no files",
            "acme.scan",
            id="type without upload",
        ),
        pytest.param(
            [part("type", "acme.scn"), file_part()], 422, "$.type", "acme.scan", "", id="type"
        ),
        pytest.param([part("input", "{"), file_part()], 400, "$.input", "JSON", "", id="JSON"),
        pytest.param([part("input", " "), file_part()], 400, "$.input", "empty", "", id="no JSON"),
        pytest.param(
            [part("input", "[]"), file_part()], 422, "$.input", "an array", "object", id="array"
        ),
        pytest.param(
            [part("input", '{"a": "\\u0000"}'), file_part()],
            422,
            "$.input.a",
            "NUL",
            "remove",
            id="NUL in the input",
        ),
        pytest.param(
            [part("input", "[" * 10_000), file_part()], 422, "$.input", "nested", "", id="depth"
        ),
        pytest.param(
            [part("input", '{"document": null}'), file_part()],
            422,
            "$.input.document",
            "id of the uploaded file",
            "remove it",
            id="field of the file",
        ),
        pytest.param(
            [part("input", '{"pages": 0}'), file_part()],
            422,
            "$.input.pages",
            ">= 1",
            "task-types",
            id="input",
        ),
        pytest.param(
            [file_part(), part("input", '{"pags": 1}')],
            422,
            "$.input.pags",
            "no such field",
            "'pages'",
            id="input after the file",
        ),
        pytest.param(
            [file_part(), part("priority", "lwo")], 422, "$.priority", "lwo", "low", id="late"
        ),
    ],
)
async def test_what_is_wrong_is_named_with_its_remedy_and_nothing_stays(
    client: httpx.AsyncClient,
    dispatch: InMemoryDispatch,
    artifacts: InMemoryArtifacts,
    parts,
    status,
    field,
    message,
    remedy,
):
    errors = field_errors(await post(client, form(*parts)), status)

    assert list(errors) == [field]
    assert message in errors[field]["message"]
    assert remedy in errors[field]["remedy"]
    assert (dispatch.records, artifacts.kept) == ({}, [])


@pytest.mark.parametrize(
    ("content_type", "status", "message"),
    [
        (None, 415, "expected the content type multipart/form-data, got none"),
        ("application/json", 415, "got application/json"),
        ("application/x-www-form-urlencoded", 415, "got application/x-www-form-urlencoded"),
        ("multipart/form-data", 400, "to have a boundary"),
        ("multipart/form-data; boundary=", 400, "to have a boundary"),
        ("multipart/form-data; boundary=" + "b" * 71, 400, "of 1 to 70"),
        ('multipart/form-data; boundary="bü"', 400, "ASCII"),
    ],
)
async def test_what_is_no_form_is_refused(
    client: httpx.AsyncClient, content_type: str | None, status: int, message: str
):
    headers = {b"Content-Type": content_type.encode("latin-1")} if content_type else {}
    answer = await client.post("/api/uploads", content=form(file_part()), headers=headers)

    error = field_errors(answer, status)["$"]
    assert message in error["message"]
    if status == 415:
        assert "curl" in error["remedy"]
        assert answer.headers["Accept"] == "multipart/form-data"


async def test_a_compressed_form_is_refused(client: httpx.AsyncClient):
    headers = {**CONTENT_TYPE, "Content-Encoding": "gzip"}
    answer = await client.post("/api/uploads", content=form(file_part()), headers=headers)

    assert "uncompressed" in field_errors(answer, 415)["$"]["remedy"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"no form at all", id="no form"),
        pytest.param(form(file_part(b"x" * 1000))[:-300], id="cut in the file"),
        pytest.param(file_part(), id="no end"),
        pytest.param(form(file_part()).replace(b"Content-Disposition", b"X"), id="no disposition"),
        pytest.param(form(file_part()).replace(b"form-data", b"attachment"), id="no form-data"),
        pytest.param(form(file_part(headers={"X-Long": "x" * 5000})), id="long header"),
        pytest.param(form(file_part(headers={f"X{n}": "x" for n in range(20)})), id="many headers"),
        pytest.param(form(file_part(filename="\N{SNOWMAN}")).replace(b"\xe2", b"\xff"), id="name"),
    ],
)
async def test_a_form_that_cannot_be_read_is_malformed_and_nothing_stays(
    client: httpx.AsyncClient, artifacts: InMemoryArtifacts, body: bytes
):
    answer = await post(client, body)

    assert problem_of(answer, 400)["type"] == "/problems/malformed-form"
    assert "RFC 7578" in field_errors(answer, 400)["$"]["remedy"]
    assert artifacts.kept == []


async def test_a_body_over_the_limit_is_refused_by_the_name_of_the_setting(
    client: httpx.AsyncClient, artifacts: InMemoryArtifacts
):
    body = form(file_part(bytes(MAX_UPLOAD_BYTES)))
    for content in (body, in_chunks(body, range(0, len(body), 65_536))):
        error = field_errors(await post(client, content), 413)["$"]
        assert str(MAX_UPLOAD_BYTES) in error["message"]
        assert "PENSTOCK_MAX_UPLOAD_BYTES" in error["remedy"]
    assert artifacts.kept == []

    other = await client.post("/api/queues/tasks", content=bytes(MAX_BODY_BYTES + 1))
    assert other.status_code == 415  # the length counts once the kind is right
    other = await client.post(
        "/api/queues/tasks",
        content=bytes(MAX_BODY_BYTES + 1),
        headers={"Content-Type": "application/json"},
    )
    assert "PENSTOCK_MAX_BODY_BYTES" in field_errors(other, 413)["$"]["remedy"]


async def test_a_file_may_be_larger_than_other_bodies(client: httpx.AsyncClient):
    assert (await post(client, form(file_part(bytes(2 * MAX_BODY_BYTES))))).status_code == 202


@pytest.mark.parametrize("fields", [["input"], ["user_id", "input"]])
async def test_what_stands_beside_the_file_is_bounded_like_other_bodies(
    client: httpx.AsyncClient, fields: list[str]
):
    text = "x" * (MAX_BODY_BYTES // len(fields) + 1)
    answer = await post(client, form(*(part(name, text) for name in fields), file_part()))

    error = field_errors(answer, 413)["$.input"]
    assert str(MAX_BODY_BYTES) in error["message"]
    assert "PENSTOCK_MAX_BODY_BYTES" in error["remedy"]


async def test_a_fault_before_the_file_is_answered_before_the_file_is_read(
    client: httpx.AsyncClient,
):
    read = []

    async def body() -> AsyncIterator[bytes]:
        yield part("priority", "lwo") + file_part()[:-2]
        read.append("the rest")
        yield form()

    field_errors(await post(client, body()), 422)

    assert read == []


async def test_without_the_database_the_file_goes_again(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch, artifacts: InMemoryArtifacts
):
    dispatch.fault = LedgerUnavailableError("away")
    answer = await post(client, form(file_part()))

    assert problem_of(answer, 503)["type"] == "/problems/database-unavailable"
    assert artifacts.kept == []


async def test_without_a_key_nothing_is_read(
    anonymous_client: httpx.AsyncClient, artifacts: InMemoryArtifacts
):
    async def body() -> AsyncIterator[bytes]:
        raise AssertionError("read")
        yield b""

    problem_of(await post(anonymous_client, body()), 401)
    assert artifacts.kept == []


@task("acme.other", queue=ACME, upload="document")
async def other(request: Scan) -> Scan:
    """Take files as well."""
    raise NotImplementedError


@pytest.mark.parametrize(
    ("tasks", "message", "remedy"),
    [
        ([scan, other], "several task types take files", "acme.other, acme.scan"),
        ([letter], "no installed plugin has a task type that takes files", "install one"),
    ],
    ids=["several", "none"],
)
async def test_without_one_task_type_to_choose_the_type_is_asked_for(
    tasks, message: str, remedy: str
):
    plugin = Plugin(
        name="acme", distribution="penstock-acme", version="1", queues=[ACME], tasks=tasks
    )
    catalogue = Catalogue(plugins=[plugin])
    artifacts = InMemoryArtifacts()
    api = create_api(
        InMemoryServices(catalogue, artifacts=artifacts),
        access=SingleKeyAccess(KEY),
        max_body_bytes=MAX_BODY_BYTES,
        max_upload_bytes=MAX_UPLOAD_BYTES,
    )
    transport = httpx.ASGITransport(api)  # type: ignore[arg-type]
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://api.test", headers=headers
    ) as client:
        error = field_errors(await post(client, form(file_part())), 422)["$.type"]
        assert message in error["message"]
        assert remedy in error["remedy"]
        assert artifacts.kept == []
        if len(tasks) > 1:
            late = await post(client, form(file_part(), part("type", "acme.other")))
            assert late.json()["data"]["type"] == "acme.other"


@many
@given(content=st.binary(max_size=400), cuts=st.lists(st.integers(0, 900), max_size=40))
async def test_how_the_body_is_cut_into_chunks_makes_no_difference(
    client: httpx.AsyncClient, artifacts: InMemoryArtifacts, content: bytes, cuts: list[int]
):
    # What resembles a boundary is the hard case.
    content += b"\r\n--a-line-between-part\r\n--\r" + content
    body = form(part("user_id", "ada"), file_part(content), part("priority", "low"))

    answer = await post(client, in_chunks(body, cuts))

    assert answer.status_code == 202, answer.text
    assert artifacts.kept[-1] == content
    task = answer.json()["data"]
    assert (task["user_id"], task["priority"]) == ("ada", "low")


async def test_a_body_may_come_byte_by_byte(
    client: httpx.AsyncClient, artifacts: InMemoryArtifacts
):
    # The line break after the form's end comes on its own, too.
    body = form(file_part(b"1\r\n--2"))

    assert (await post(client, in_chunks(body, range(len(body))))).status_code == 202
    assert artifacts.kept == [b"1\r\n--2"]


GOOD = form(part("type", "acme.scan"), part("input", '{"pages": 2}'), file_part(b"x" * 50))


@many
@given(
    body=st.binary(max_size=300)
    | st.tuples(st.integers(0, len(GOOD)), st.binary(max_size=6), st.integers(0, 6)).map(
        lambda damage: GOOD[: damage[0]] + damage[1] + GOOD[damage[0] + damage[2] :]
    ),
    content_type=st.just(WITH_BOUNDARY) | st.text(st.characters(max_codepoint=255)),
)
async def test_any_bytes_are_taken_or_refused_with_a_field(
    client: httpx.AsyncClient, body: bytes, content_type: str
):
    headers = {b"Content-Type": content_type.encode("latin-1")}
    answer = await client.post("/api/uploads", content=body, headers=headers)

    if answer.status_code != 202:
        assert 400 <= answer.status_code < 500
        assert field_errors(answer, answer.status_code)
