"""Each bad input is a 4xx problem that names the field and the remedy, and writes nothing."""

import json

import httpx
import pytest

from tests.unit.api.conftest import MAX_BODY_BYTES
from tests.unit.api.in_memory_dispatch import InMemoryDispatch
from tests.unit.api.problem_checks import field_errors, problem_of

GOOD = {"type": "acme.letter", "input": {"markdown": "x"}}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def nothing_is_written(dispatch: InMemoryDispatch):
    yield
    assert dispatch.records == {}


async def post(client: httpx.AsyncClient, body: object, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await client.post("/api/queues/tasks", content=content, headers=JSON | headers)


def with_input(text: bytes) -> bytes:
    return b'{"type": "acme.letter", "input": ' + text + b"}"


@pytest.mark.parametrize(
    ("body", "field", "hint"),
    [
        # wrong types
        (GOOD | {"type": 5}, "$.type", "expected a string, got 5"),
        (GOOD | {"type": None}, "$.type", "expected a string, got None"),
        (GOOD | {"user_id": 17}, "$.user_id", "expected a string or null, got 17"),
        (GOOD | {"priority": 5.5}, "$.priority", "expected a string or a whole number, got 5.5"),
        (GOOD | {"priority": True}, "$.priority", "expected a string or a whole number"),
        (GOOD | {"priority": [1]}, "$.priority", "expected a string or a whole number"),
        (GOOD | {"delay_seconds": "soon"}, "$.delay_seconds", 'a number or null, got "soon"'),
        (GOOD | {"input": {"markdown": 5}}, "$.input.markdown", "Expected `str`, got `int`"),
        (GOOD | {"input": []}, "$.input", "Expected `object`, got `array`"),
        (GOOD | {"input": None}, "$.input", "Expected `object`, got `null`"),
        (
            GOOD | {"input": {"markdown": "x", "lines": [{"text": "a"}, {"text": 1}]}},
            "$.input.lines[1].text",
            "Expected `str`, got `int`",
        ),
        ({"type": "acme.loose", "input": {"width": 0}}, "$.input.width", ">= 1"),
        ([], "$", "expected a JSON object, got an array"),
        (None, "$", "expected a JSON object, got null"),
        (17, "$", "expected a JSON object, got a number"),
        # missing fields
        ({"input": {}}, "$.type", "missing"),
        ({"type": "acme.letter"}, "$.input", "missing"),
        (GOOD | {"input": {}}, "$.input.markdown", "missing"),
        (GOOD | {"input": {"markdown": "x", "lines": [{}]}}, "$.input.lines[0].text", "missing"),
        # unknown fields
        (GOOD | {"prio": "low"}, "$.prio", "did you mean 'priority'?"),
        (GOOD | {"a b": 1}, '$["a b"]', "no such field"),
        (
            GOOD | {"input": {"markdown": "x", "markdwn": "y"}},
            "$.input.markdwn",
            "did you mean 'markdown'?",
        ),
        (
            GOOD | {"input": {"markdown": "x", "lines": [{"text": "", "zzz": 1}]}},
            "$.input.lines[0].zzz",
            "no such field",
        ),
        # values out of range
        (GOOD | {"priority": "nromal"}, "$.priority", "did you mean 'normal'?"),
        (GOOD | {"priority": 3}, "$.priority", "urgent, high, normal, low"),
        (GOOD | {"priority": "x" * 100_000}, "$.priority", "urgent, high, normal, low"),
        (GOOD | {"user_id": "u" * 256}, "$.user_id", "got 256"),
        (GOOD | {"user_id": ""}, "$.user_id", "got 0"),
        (GOOD | {"delay_seconds": -1}, "$.delay_seconds", "from 0"),
        (GOOD | {"delay_seconds": 1e15}, "$.delay_seconds", "365 days"),
        (GOOD | {"type": "acme.letter" * 1000}, "$.type", "at most 128 characters"),
        # NUL characters
        (GOOD | {"input": {"markdown": "a\0b"}}, "$.input.markdown", "NUL"),
        (
            GOOD | {"input": {"markdown": "x", "data": {"a\0": 1}}},
            '$.input.data["a\\u0000"]',
            "NUL",
        ),
        (GOOD | {"input": {"markdown": "x", "data": {"a": [1, "\0"]}}}, "$.input.data.a[1]", "NUL"),
        (GOOD | {"user_id": "\0"}, "$.user_id", "NUL"),
        (GOOD | {"type": "acme.letter\0"}, "$.type", "NUL"),
        (GOOD | {"priority\0": "low"}, '$["priority\\u0000"]', "NUL"),
        (b'{"type":"acme.loose","input":{"skipped":"\\\\\\u0000"}}', "$.input.skipped", "NUL"),
        # depth
        (b"[" * 100_000, "$", "at most 64"),
        (b'{"input":' * 20_000, "$", "at most 64"),
        (with_input(b"[" * 100_000 + b"]" * 100_000), "$", "at most 64"),
        (with_input(b'{"data":' * 500 + b"1" + b"}" * 500), "$.input", "64 levels"),
        (with_input(b'{"data":' * 65 + b"1" + b"}" * 65), "$.input", "64 levels"),
    ],
    ids=lambda value: repr(value)[:60],
)
async def test_content_that_cannot_be_taken_is_refused_by_field(
    client: httpx.AsyncClient, body, field, hint
):
    answer = await post(client, body)

    errors = field_errors(answer, 422)
    assert field in errors, answer.text
    assert hint in f"{errors[field]['message']}; {errors[field]['remedy']}"
    assert len(answer.text) < 2000


@pytest.mark.parametrize(
    ("body", "field", "hint"),
    [
        (b"", "$", "the body is empty"),
        (b" \n", "$", "the body is empty"),
        (b'{"type": "acme.letter",\n "input": {,}}', "$", "line 2, column 12"),
        (b'{"type": "acme.letter"', "$", "line 1, column 23"),
        (b"{'type': 1}", "$", "line 1, column 2"),
        (b"{} {}", "$", "line 1, column 4"),
        (b"\xef\xbb\xbf{}", "$", "line 1, column 1"),
        (b'{"a": "\x00"}', "$", "line 1, column 8"),
        (with_input(b'{"markdown": "\xff"}'), "$.input.markdown", "UTF-8 at byte 47"),
        (with_input(b'{"markdown": "\xed\xa0\x80"}'), "$.input.markdown", "UTF-8"),
        (b'{"type": "\xe9', "$", "UTF-8 at byte 10"),
        (with_input(b'{"markdown": "\\ud800"}'), "$.input.markdown", "surrogate"),
        (with_input(b'{"markdown": "x", "data": {"\\udc00": 1}}'), "$.input.data", "surrogate"),
        (b'{"type":"acme.loose","input":{"skipped":"\\ud800x"}}', "$.input.skipped", "surrogate"),
        (with_input(b'{"markdown": "x", "data": {"n": NaN}}'), "$.input.data.n", "NaN"),
        (with_input(b'{"data": [1, -Infinity]}'), "$.input.data[1]", "-Infinity"),
        (with_input(b'{"data": {"n": 1e999}}'), "$.input.data.n", "too large"),
        (b'{"type":"acme.loose","input":{"skipped":1e999}}', "$.input.skipped", "too large"),
        (with_input(b'{"data": {"n": ' + b"9" * 5000 + b"}}"), "$.input.data.n", "5000 digits"),
        (b'{"delay_seconds": 1e999}', "$.delay_seconds", "too large"),
    ],
    ids=lambda value: repr(value)[:60],
)
async def test_what_is_not_json_is_refused_with_its_place(
    client: httpx.AsyncClient, body, field, hint
):
    answer = await post(client, body)

    assert problem_of(answer, 400)["type"] == "/problems/malformed-json"
    errors = field_errors(answer, 400)
    (found,) = errors
    assert found.startswith(field)
    assert hint in errors[found]["message"]


async def test_an_unknown_task_type_gets_the_nearest_name(client: httpx.AsyncClient):
    answer = await post(client, GOOD | {"type": "acme.leter"})

    problem = problem_of(answer, 422)
    assert problem["type"] == "/problems/unknown-task-type"
    assert "did you mean 'acme.letter'?" in problem["detail"]
    assert "GET /api/task-types" in field_errors(answer, 422)["$.type"]["remedy"]


@pytest.mark.parametrize(
    ("given", "field", "remedy"),
    [
        ({"paper": "A4"}, "$.input.paper", "send one of 'a4', 'letter' (did you mean 'a4'?); GET"),
        ({"paper": "papyrus"}, "$.input.paper", "send one of 'a4', 'letter'; GET"),
        (
            {"lines": [{"text": "a"}, {"text": "b", "colour": "red"}]},
            "$.input.lines[1].colour",
            "Like `#1e293b`; GET",
        ),
    ],
)
async def test_the_remedy_says_what_the_schema_allows(
    client: httpx.AsyncClient, given: dict[str, object], field: str, remedy: str
):
    answer = await post(client, GOOD | {"input": {"markdown": "x", **given}})

    assert field_errors(answer, 422)[field]["remedy"].startswith(remedy)


async def test_all_wrong_fields_are_told_at_once(client: httpx.AsyncClient):
    answer = await post(client, {"type": "nope", "priority": "x", "user_id": 1, "colour": "red"})

    fields = set(field_errors(answer, 422))
    assert fields == {"$.type", "$.input", "$.priority", "$.user_id", "$.colour"}


async def test_very_many_wrong_fields_are_not_all_told(client: httpx.AsyncClient):
    answer = await post(client, {f"f{number}": 1 for number in range(10_000)})

    assert len(field_errors(answer, 422)) == 20


async def test_nesting_up_to_the_limit_is_taken(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    text = b'{"markdown": "x", "data": ' + b'{"a":' * 63 + b"1" + b"}" * 63 + b"}"
    answer = await post(client, with_input(text))

    assert answer.status_code == 202, answer.text
    dispatch.records.clear()


async def test_an_escaped_backslash_before_u0000_is_no_nul(
    client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    answer = await post(client, with_input(b'{"markdown": "\\\\u0000"}'))

    assert answer.status_code == 202, answer.text
    dispatch.records.clear()


async def test_a_body_over_the_limit_is_refused_by_its_announced_length(client: httpx.AsyncClient):
    answer = await post(client, b" " * (MAX_BODY_BYTES + 1))

    assert problem_of(answer, 413)["type"] == "/problems/body-too-large"
    assert f"at most {MAX_BODY_BYTES} bytes" in field_errors(answer, 413)["$"]["remedy"]


async def test_a_body_over_the_limit_is_refused_though_its_length_is_not_announced(
    client: httpx.AsyncClient,
):
    async def chunks():
        for _ in range(MAX_BODY_BYTES // 1000 + 1):
            yield b" " * 1000

    answer = await client.post("/api/queues/tasks", content=chunks(), headers=JSON)

    assert problem_of(answer, 413)["type"] == "/problems/body-too-large"


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data"},
        {"Content-Type": ""},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Encoding": "gzip"},
    ],
    ids=str,
)
async def test_another_content_type_or_encoding_is_refused(client: httpx.AsyncClient, headers):
    answer = await client.post("/api/queues/tasks", content=b"{}", headers=JSON | headers)

    assert problem_of(answer, 415)["type"] == "/problems/unsupported-media-type"
    assert "send" in field_errors(answer, 415)["$"]["remedy"]


async def test_a_length_that_is_no_number_is_refused(client: httpx.AsyncClient):
    answer = await post(client, GOOD, **{"Content-Length": "many"})

    assert "content-length" in problem_of(answer, 400)["detail"]
