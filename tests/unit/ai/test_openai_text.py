"""Texts from a server that speaks the OpenAI protocol, through the official SDK."""

import asyncio
import copy
import itertools
import time

import pytest

from penstock import PermanentError, TransientError
from penstock_ai.providers.incomplete import IncompleteOutputError
from penstock_ai.providers.messages import Prompt, Usage
from penstock_ai.providers.openai_provider import OPENAI
from penstock_ai.providers.session import opened
from penstock_ai.settings import AiSettings
from tests.services.openai_endpoints import INPUT_TOKENS, NOTICE, OUTPUT_TOKENS
from tests.services.openai_server import OpenAiServer
from tests.services.standstill import STANDSTILL

KEY = "sk-test-0123456789abcdef"
CUT = "[wire double, "


@pytest.fixture
def server():
    with OpenAiServer() as server:
        yield server


def settings(server, **changes):
    fields = {
        "openai_api_key": KEY,
        "openai_base_url": server.base_url,
        "openai_text_model": "writer-1",
        **changes,
    }
    return AiSettings(**fields)


async def write(server, text="Say it.", *, on_text=None, using=None, **prompt):
    async def ignore(text):
        pass

    async with opened(OPENAI, using or settings(server), instead="a card") as provider:
        return await provider.complete(Prompt(text=text, **prompt), on_text or ignore)


async def incomplete(server, reply, **prompt):
    server.next(reply)
    with pytest.raises(IncompleteOutputError) as caught:
        await write(server, **prompt)
    assert len(server.posts) == 1
    return caught.value


async def test_a_text_comes_with_its_model_and_usage_and_shows_while_it_arrives(server):
    seen = []

    async def on_text(text):
        seen.append(text)

    completion = await write(server, "Hello there", on_text=on_text)

    assert completion.text == f"{NOTICE} Hello there"
    assert completion.model == "wire-double:writer-1"
    assert completion.usage == Usage(input_tokens=INPUT_TOKENS, output_tokens=OUTPUT_TOKENS)
    assert seen[0] == "[wire "
    assert seen[-1] == completion.text
    assert len(seen) == len(completion.text.split())
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(seen))


async def test_the_request_is_one_post_of_what_was_asked_for_and_nothing_else(server):
    await write(server, "Hello")

    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body == {
        "model": "writer-1",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


async def test_what_the_prompt_sets_is_sent(server):
    await write(server, system="Be brief.", model="other", max_output_tokens=9, temperature=0.0)

    (request,) = server.requests
    assert request.body["model"] == "other"
    assert request.body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert request.body["temperature"] == 0.0
    assert request.body["max_tokens"] == 9
    assert "max_completion_tokens" not in request.body


async def test_openai_itself_is_sent_the_bound_by_its_new_name(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.base_url.removesuffix("/v1"))
    at_openai = settings(server, openai_base_url="http://api.openai.com/v1")

    await write(server, using=at_openai, max_output_tokens=9)

    (request,) = server.requests
    assert request.headers["host"] == "api.openai.com"
    assert request.body["max_completion_tokens"] == 9
    assert "max_tokens" not in request.body


async def test_a_server_without_a_key_needs_none(server):
    completion = await write(server, using=settings(server, openai_api_key=None))

    assert completion.text.startswith(NOTICE)


async def test_the_environment_variables_of_the_sdk_change_nothing(server, monkeypatch):
    for name in ("API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID"):
        monkeypatch.setenv(f"OPENAI_{name}", "of-the-environment")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv(
        "OPENAI_CUSTOM_HEADERS", "Authorization: of-the-environment\nx-custom: of-the-environment"
    )

    await write(server, using=settings(server, openai_api_key=None))

    (request,) = server.requests
    assert "of-the-environment" not in str(request.headers)


async def test_usage_that_the_server_does_not_tell_is_unknown(server):
    server.next("no_usage")

    assert (await write(server)).usage is None


@pytest.mark.parametrize(
    ("usage", "known"),
    [
        ("{}", None),
        ('{"completion_tokens": 5}', Usage(output_tokens=5)),
        ('{"prompt_tokens": -1}', None),
    ],
)
async def test_usage_that_is_told_in_part_is_known_in_part(server, usage, known):
    event = f'{{"choices": [{{"delta": {{}}, "finish_reason": "stop"}}], "usage": {usage}}}'
    server.next("ok", raw=f"data: {event}\n\n".encode())

    assert (await write(server)).usage == known


async def test_characters_may_arrive_in_pieces(server):
    text = "Здравствуй, 世界! 👩‍👩‍👧‍👦 ça va? 😀"
    server.next("ok", text=text, piece=1)

    assert (await write(server)).text == text


async def test_an_emoji_split_between_two_events_is_put_together(server):
    events = [
        '{"choices": [{"delta": {"content": "\\ud83d"}}]}',
        '{"choices": [{"delta": {"content": "\\ude00"}, "finish_reason": "stop"}]}',
    ]
    server.next("ok", raw="".join(f"data: {event}\n\n" for event in events).encode())

    assert (await write(server)).text == "😀"


# -- texts that end early ------------------------------------------------------------------------


@pytest.mark.parametrize("reply", ["cut", "cut_abruptly", "error_event"])
async def test_a_cut_stream_is_incomplete_and_its_part_is_kept(server, reply):
    error = await incomplete(server, reply)

    assert error.code == "incomplete_output"
    assert error.partial == CUT
    assert copy.copy(error).partial == CUT


@pytest.mark.parametrize("reply", ["no_json", "empty_choices"])
async def test_an_answer_without_an_end_is_never_success(server, reply):
    assert (await incomplete(server, reply)).partial == ""


async def test_an_answer_is_whole_if_the_connection_is_lost_after_its_end(server):
    event = b'data: {"choices": [{"delta": {"content": "all"}, "finish_reason": "stop"}]}\n\n'
    server.next("ok", raw=event, headers={"content-length": "9999"})

    completion = await write(server)

    assert (completion.text, completion.usage) == ("all", None)


async def test_a_text_that_reached_the_bound_it_was_given_is_what_was_asked_for(server):
    server.next("length", text="as far as")

    completion = await write(server, max_output_tokens=3)

    assert (completion.text, completion.is_truncated) == ("as far as", True)


async def test_a_text_that_reached_the_models_own_limit_is_incomplete(server):
    server.next("length", text="as far as")
    with pytest.raises(IncompleteOutputError, match="own limit") as caught:
        await write(server)

    assert caught.value.partial == "as far as"


async def test_a_text_that_ended_with_an_error_is_incomplete(server):
    server.next("ok", text="as far as", finish_reason="error")
    with pytest.raises(IncompleteOutputError, match="with an error") as caught:
        await write(server)

    assert caught.value.partial == "as far as"


async def test_a_bound_that_left_no_room_for_any_text_is_permanent(server):
    server.next("length", text="")
    with pytest.raises(PermanentError, match="max_output_tokens=3") as caught:
        await write(server, max_output_tokens=3)

    assert caught.value.code == "provider_refused"


# -- time ----------------------------------------------------------------------------------------


async def test_a_server_that_hangs_is_given_up_in_time(server):
    server.next("hang")
    started = time.monotonic()
    with pytest.raises(TransientError, match=r"within .*_TIMEOUT_SECONDS=0\.3") as caught:
        await write(server, using=settings(server, openai_timeout_seconds=0.3))

    assert caught.value.code == "provider_timeout"
    assert 0.3 <= time.monotonic() - started < STANDSTILL
    assert len(server.posts) == 1


async def test_the_time_counts_for_the_whole_text_and_not_for_each_piece(server):
    server.next("ok", text="one two three four five six seven", pause=0.3)
    with pytest.raises(IncompleteOutputError, match=r"TIMEOUT_SECONDS=1$") as caught:
        await write(server, using=settings(server, openai_timeout_seconds=1.0))

    assert caught.value.partial.startswith("one two ")
    assert "seven" not in caught.value.partial


@pytest.mark.parametrize(
    "reply", [{"name": "hang"}, {"name": "ok", "pause": 60.0}], ids=["headers", "text"]
)
async def test_a_cancelled_call_closes_its_connection_at_once(server, reply):
    server.next(**reply)
    arrived = asyncio.Event()

    async def on_text(text):
        arrived.set()

    call = asyncio.create_task(write(server, on_text=on_text))
    if reply["name"] == "hang":
        await asyncio.to_thread(server.wait_until, lambda: bool(server.posts))
    else:
        await arrived.wait()

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    (request,) = server.posts
    await asyncio.to_thread(
        server.wait_until, lambda: request.ended is not None, timeout=STANDSTILL
    )
    assert request.disconnected


async def test_what_the_callers_callback_raises_is_the_callers(server):
    async def on_text(text):
        raise TimeoutError("the caller's")

    with pytest.raises(TimeoutError, match="the caller's"):
        await write(server, on_text=on_text)
