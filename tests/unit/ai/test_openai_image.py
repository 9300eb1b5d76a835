"""Images from a server that speaks the OpenAI protocol, through the official SDK."""

import asyncio
import io

import pytest
from PIL import Image

from penstock import PermanentError, TransientError
from penstock_ai.providers.messages import PicturePrompt, Usage
from penstock_ai.providers.openai_provider import OPENAI
from penstock_ai.providers.session import opened
from penstock_ai.settings import AiSettings
from tests.services.openai_endpoints import INPUT_TOKENS, OUTPUT_TOKENS
from tests.services.openai_server import OpenAiServer
from tests.services.standstill import STANDSTILL


@pytest.fixture
def server():
    with OpenAiServer() as server:
        yield server


async def draw(server, timeout=30.0, **prompt):
    using = AiSettings(
        openai_base_url=server.base_url,
        openai_image_model="painter-1",
        openai_timeout_seconds=timeout,
    )
    async with opened(OPENAI, using, instead="a card") as provider:
        return await provider.draw(PicturePrompt(text="A cat", **prompt))


async def refused(server, reply, **overrides):
    server.next(reply, **overrides)
    with pytest.raises(PermanentError) as caught:
        await draw(server)
    assert len(server.requests) == 1
    return caught.value


async def test_an_image_has_the_size_that_was_asked_for(server):
    picture = await draw(server, width=320, height=200)

    with Image.open(io.BytesIO(picture.data)) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", (320, 200))
        assert image.getpixel((319, 199)) == (0x20, 0x50, 0x70)
    assert picture.model == "painter-1"
    assert picture.usage == Usage(input_tokens=INPUT_TOKENS, output_tokens=OUTPUT_TOKENS)
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/images/generations")
    assert request.body == {"model": "painter-1", "prompt": "A cat", "size": "320x200"}


async def test_without_a_size_the_model_chooses(server):
    server.next("no_usage")

    picture = await draw(server, model="other")

    assert picture.usage is None
    (request,) = server.requests
    assert request.body == {"model": "other", "prompt": "A cat"}


async def test_one_side_is_no_size(server):
    with pytest.raises(PermanentError, match="height=None"):
        await draw(server, width=320)

    assert server.requests == []


async def test_the_bytes_come_as_they_are(server):
    server.next("not_an_image")

    assert (await draw(server)).data == b"this is no image"


async def test_an_address_instead_of_an_image_is_not_fetched(server):
    error = await refused(server, "url_only")

    assert error.code == "provider_refused"
    assert "only its address" in str(error)


@pytest.mark.parametrize(
    ("reply", "got"),
    [
        ("no_data", "got none"),
        ("not_base64", "no base64"),
        ("garbage", "no JSON"),
        ("no_json", "no JSON"),
        ("wrong_shape", "no JSON"),
    ],
)
async def test_an_answer_without_an_image_is_not_paid_for_again(server, reply, got):
    error = await refused(server, reply)

    assert error.code == "provider_refused"
    assert got in str(error)


async def test_an_answer_without_end_is_not_read_to_it(server):
    error = await refused(server, "garbage", raw=b" " * (64 * 1024 * 1024 + 1))

    assert "more than 67,108,864 bytes" in str(error)


@pytest.mark.parametrize("reply", ["drop", "cut"])
async def test_an_image_whose_answer_is_lost_is_not_paid_for_again(server, reply):
    error = await refused(server, reply)

    assert error.code == "outcome_unknown"
    assert "charged" in str(error)


async def test_an_image_that_takes_too_long_is_not_paid_for_again(server):
    server.next("hang")
    with pytest.raises(PermanentError, match=r"TIMEOUT_SECONDS=0\.3") as caught:
        await draw(server, timeout=0.3)

    assert caught.value.code == "outcome_unknown"
    assert len(server.posts) == 1


async def test_a_server_that_cannot_be_connected_to_was_not_asked_for_an_image(monkeypatch):
    # No packet leaves: the proxy that connections would go through is not there.
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    using = AiSettings(openai_api_key="sk-test", openai_image_model="m")
    async with opened(OPENAI, using, instead="a card") as provider:
        with pytest.raises(TransientError, match="cannot reach OpenAI") as caught:
            await provider.draw(PicturePrompt(text="A cat"))

    assert caught.value.code == "provider_unavailable"


async def test_a_cancelled_call_closes_its_connection_at_once(server):
    server.next("hang")
    call = asyncio.create_task(draw(server))
    await asyncio.to_thread(server.wait_until, lambda: bool(server.posts))

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    (request,) = server.posts
    await asyncio.to_thread(
        server.wait_until, lambda: request.ended is not None, timeout=STANDSTILL
    )
    assert request.disconnected
