import httpx
import pytest
from litestar import Litestar

from penstock.api import Principal, SingleKeyAccess, UnauthorizedError
from tests.unit.api.conftest import KEY
from tests.unit.api.in_memory_dispatch import InMemoryDispatch
from tests.unit.api.problem_checks import problem_of

OPEN_TO_ALL = {"/api/health", "/api/openapi.json"}


def routes(api: Litestar) -> list[tuple[str, str]]:
    """Every method and path, with an id for each parameter."""
    return [
        (method, route.path_format.replace("{", "").replace("}", ""))
        for route in api.routes
        for method in getattr(route, "methods", ())
        if method != "OPTIONS"
    ]


async def test_every_route_but_two_asks_who_is_calling(
    api: Litestar, anonymous_client: httpx.AsyncClient
):
    asked = routes(api)
    assert len(asked) == 48
    for method, path in asked:
        answer = await anonymous_client.request(method, path)
        if path in OPEN_TO_ALL:
            assert answer.status_code == 200
        else:
            problem_of(answer, 401)


async def test_without_a_key_the_answer_says_how_to_send_one(
    anonymous_client: httpx.AsyncClient, dispatch: InMemoryDispatch
):
    # Bad input on top: whoever may not write learns nothing about what could be written.
    answer = await anonymous_client.post("/api/queues/tasks", content=b"[" * 10_000)

    problem = problem_of(answer, 401)
    assert problem["type"] == "/problems/unauthorized"
    assert "Authorization: Bearer <key>" in problem["detail"]
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="penstock"'


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer ", "Bearer wrong", f"Basic {KEY}", KEY, f"Bearer {KEY}x", "Bearer \xff\xfe"],
)
async def test_a_wrong_key_is_refused(anonymous_client: httpx.AsyncClient, header):
    answer = await anonymous_client.get(
        "/api/queues/status", headers={"Authorization": header.encode("latin-1")}
    )

    problem_of(answer, 401)
    assert answer.headers["WWW-Authenticate"].endswith('error="invalid_token"')
    assert KEY not in answer.text


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_scheme_has_no_case(anonymous_client: httpx.AsyncClient, scheme):
    answer = await anonymous_client.get(
        "/api/queues/status", headers={"Authorization": f"{scheme} {KEY}"}
    )

    assert answer.status_code == 200


async def test_a_key_may_be_of_any_characters():
    access = SingleKeyAccess("clé-✓", name="ada")

    # As a server hands the header over: its bytes read as Latin-1.
    header = "Bearer " + "clé-✓".encode().decode("latin-1")
    assert await access.principal(header) == Principal("ada")
    with pytest.raises(UnauthorizedError):
        await access.principal("Bearer cl?-?")


def test_an_empty_key_is_refused():
    with pytest.raises(ValueError, match="at least one character"):
        SingleKeyAccess("")
