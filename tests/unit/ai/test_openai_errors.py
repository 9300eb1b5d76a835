"""What a failed request of the OpenAI protocol means for its task, through the official SDK."""

import copy
import pickle
import traceback
from datetime import timedelta

import pytest

from penstock import PermanentError, RateLimitedError, TaskError, TransientError
from penstock_ai.providers.failures import retry_after
from penstock_ai.providers.messages import PicturePrompt, Prompt
from penstock_ai.providers.openai_provider import OPENAI
from penstock_ai.providers.session import opened
from penstock_ai.settings import AiSettings
from tests.services import find_free_port
from tests.services.openai_server import OpenAiServer

KEY = "sk-test-0123456789abcdef"


@pytest.fixture
def server():
    with OpenAiServer() as server:
        yield server


async def ask(kind, using):
    async def ignore(text):
        pass

    async with opened(OPENAI, using, instead="a card") as provider:
        if kind == "text":
            await provider.complete(Prompt(text="Say it."), ignore)
        else:
            await provider.draw(PicturePrompt(text="Draw it."))


@pytest.fixture(params=["text", "image"])
def failure(request, server):
    """The error of one call, of each endpoint; it made exactly one POST if it made any."""

    async def call(base_url=server.base_url, key=KEY, model="m"):
        models = {"openai_text_model": model, "openai_image_model": model}
        using = AiSettings(openai_api_key=key, openai_base_url=base_url, **models)
        with pytest.raises(TaskError) as caught:
            await ask(request.param, using)
        assert len(server.posts) == (base_url == server.base_url and model is not None)
        return caught.value

    return call


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        ("rate_limited", TransientError, "rate_limited"),
        ("insufficient_quota", PermanentError, "billing"),
        ("payment_required", PermanentError, "billing"),
        ("timeout_408", TransientError, "provider_unavailable"),
        ("conflict_409", TransientError, "provider_unavailable"),
        ("error_500", TransientError, "provider_unavailable"),
        ("unavailable_503", TransientError, "provider_unavailable"),
        ("overloaded_529", TransientError, "provider_unavailable"),
        ("bad_request", PermanentError, "provider_refused"),
        ("unauthorized", PermanentError, "provider_refused"),
        ("model_not_found", PermanentError, "provider_refused"),
        ("redirect", PermanentError, "provider_refused"),
        ("content_policy", PermanentError, "content_policy"),
    ],
)
async def test_each_status_says_what_shall_happen_next(server, failure, reply, kind, code):
    server.next(reply)

    error = await failure()

    assert isinstance(error, kind)
    assert error.code == code
    assert server.base_url.removesuffix("/v1") in str(error)


async def test_the_servers_own_words_are_in_the_message(server, failure):
    server.next("model_not_found")

    assert "The model does not exist" in str(await failure())


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [("7", 7, 7), ("1.5", 1.5, 1.5), ("date:30", 28, 30), ("0", 1, 1), ("86400", 3600, 3600)],
)
async def test_a_rate_limit_that_names_its_end_closes_the_provider(
    server, failure, value, least, most
):
    server.next("rate_limited", retry_after=value)

    error = await failure()

    assert isinstance(error, RateLimitedError)
    assert error.retry_after is not None
    assert least <= error.retry_after.total_seconds() <= most


@pytest.mark.parametrize("value", ["soon", "-5", "nan", "", "inf", "1e3", "٣"])
def test_a_retry_after_that_makes_no_sense_is_none(value):
    assert retry_after({"retry-after": value}) is None


@pytest.mark.parametrize("value", ["Fri, 31 Dec 1999 23:59:59 GMT", "31 Dec 1999 23:59:59 -0000"])
def test_a_retry_after_of_the_past_still_waits_a_second(value):
    assert retry_after({"retry-after": value}) == timedelta(seconds=1)


@pytest.mark.parametrize("value", ["9" * 400, "Wed, 31 Dec 2999 23:59:59 GMT"])
def test_a_retry_after_of_another_age_is_an_hour(value):
    assert retry_after({"retry-after": value}) == timedelta(hours=1)


async def test_no_money_is_no_rate_limit_even_with_a_retry_after(server, failure):
    server.next("insufficient_quota", retry_after="5")

    assert (await failure()).code == "billing"


async def test_a_server_that_is_down_may_say_for_how_long(server, failure):
    server.next("unavailable_503", retry_after="20")

    assert (await failure()).retry_after == timedelta(seconds=20)


async def test_a_server_that_is_not_there_is_transient(failure):
    error = await failure(base_url=f"http://127.0.0.1:{find_free_port()}/v1")

    assert (type(error), error.code) == (TransientError, "provider_unavailable")


async def test_without_a_model_it_says_what_to_set(failure, request):
    error = await failure(model=None)

    assert (type(error), error.code) == (PermanentError, "capability_unavailable")
    kind = "TEXT" if "text" in request.node.callspec.id else "IMAGE"
    assert f"PENSTOCK_AI_OPENAI_{kind}_MODEL" in str(error)


@pytest.mark.parametrize(
    "base_url",
    ["127.0.0.1:11434/v1", "ftp://127.0.0.1", "http://", "http://[::1/v1", "http://host:port/"],
)
async def test_an_address_that_is_none_says_what_to_set(failure, base_url):
    error = await failure(base_url=base_url)

    assert error.code == "capability_unavailable"
    assert "OPENAI_BASE_URL" in str(error)


async def test_secrets_in_an_address_stay_out_of_messages(failure):
    for scheme in ("http://", ""):
        error = await failure(base_url=f"{scheme}user:pass-word@127.0.0.1:{find_free_port()}/v1")

        assert "pass-word" not in str(error)
        assert "127.0.0.1" in str(error)


# -- the key -------------------------------------------------------------------------------------


def in_ledger(error):
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize("reply", ["unauthorized", "error_500", "rate_limited", "content_policy"])
async def test_a_server_that_echoes_the_key_does_not_bring_it_into_the_ledger(
    server, failure, reply
):
    # The second lies across the point where the message is cut.
    message = f"Wrong key {KEY}! {'x' * 435} {KEY}"
    server.next(reply, error={"message": message, "code": server_code(reply)})

    error = await failure()

    assert "Wrong key ***" in in_ledger(error)
    assert "sk-test" not in in_ledger(error)
    assert len(str(error)) < 800


def server_code(reply):
    return "content_policy_violation" if reply == "content_policy" else None


@pytest.mark.parametrize("key", [KEY + "\n", "sk-test-ключ", " " + KEY])
async def test_a_key_that_no_header_can_hold_is_refused_without_showing_it(failure, key):
    error = await failure(key=key, base_url="http://127.0.0.1:9/v1")

    assert error.code == "capability_unavailable"
    assert "sk-test" not in in_ledger(error)
    assert "OPENAI_API_KEY" in str(error)


@pytest.mark.parametrize("reply", ["unauthorized", "error_500", "drop"])
async def test_an_error_carries_nothing_of_the_sdk(server, failure, reply):
    server.next(reply)

    error = await failure()

    assert error.__cause__ is None
    assert error.__context__ is None
    twins = [copy.copy(error), pickle.loads(pickle.dumps(error))]
    assert all((type(twin), twin.code) == (type(error), error.code) for twin in twins)


# -- the endpoints differ ------------------------------------------------------------------------


async def complete(server, reply, **overrides):
    server.next(reply, **overrides)
    await ask("text", AiSettings(openai_base_url=server.base_url, openai_text_model="m"))


@pytest.mark.parametrize("reply", ["content_filter", "refusal", "policy_event"])
async def test_a_model_that_does_not_want_to_is_permanent(server, reply):
    with pytest.raises(PermanentError) as caught:
        await complete(server, reply)

    assert caught.value.code == "content_policy"
    assert len(server.posts) == 1


async def test_a_refusal_is_told_in_the_models_words(server):
    with pytest.raises(PermanentError, match="I cannot help with that"):
        await complete(server, "refusal")


@pytest.mark.parametrize("reply", ["drop", "cut_at_once", "garbage", "wrong_shape"])
async def test_a_text_whose_answer_is_lost_or_garbled_is_tried_again(server, reply):
    with pytest.raises(TransientError) as caught:
        await complete(server, reply)

    assert (type(caught.value), caught.value.code) == (TransientError, "provider_unavailable")
    assert len(server.posts) == 1


@pytest.mark.parametrize(
    ("event", "kind", "code"),
    [
        ({"type": "rate_limit_error"}, TransientError, "rate_limited"),
        ({"type": "overloaded_error"}, TransientError, "provider_unavailable"),
        ({"type": "invalid_request_error"}, PermanentError, "provider_refused"),
        ({"code": 500, "type": "server_error"}, TransientError, "provider_unavailable"),
        ({"code": 400, "type": "too_long"}, PermanentError, "provider_refused"),
        ({"code": {"odd": 1}, "type": ["odd"]}, TransientError, "provider_unavailable"),
        ("odd", TransientError, "provider_unavailable"),
    ],
)
async def test_an_error_in_a_stream_is_told_by_its_words(server, event, kind, code):
    error = event if isinstance(event, str) else {"message": "No.", **event}
    with pytest.raises(kind) as caught:
        await complete(server, "error_event", cut_after=0, error=error)

    assert caught.value.code == code
