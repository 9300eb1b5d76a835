"""The suites that authors of providers inherit, on ours, and on providers that lie."""

import asyncio
import base64
import json
from dataclasses import replace
from typing import Any

import openai
import pytest

from penstock import PermanentError
from penstock_ai import Completion, IncompleteOutputError, Prompt
from penstock_ai.providers.builtin import BUILTIN_PROVIDER
from penstock_ai.providers.openai import OpenAiClient
from penstock_ai.providers.openai_provider import OPENAI
from penstock_ai.settings import AiSettings
from penstock_ai.testing import (
    PNG,
    TEXT,
    Answer,
    Ending,
    ImageContract,
    ProviderContract,
    Reply,
    TextContract,
    WireServer,
)


async def write(provider):
    async def ignore(text):
        pass

    return await provider.complete(Prompt(text="Say it."), ignore)


class TestBuiltin(ProviderContract):
    provider = BUILTIN_PROVIDER


ERRORS = {
    Reply.RATE_LIMITED: (429, "slow down", "rate_limit_exceeded", {"retry-after": "2"}),
    Reply.BUSY: (429, "slow down", "rate_limit_exceeded", {}),
    Reply.FAILED: (500, "we failed", "server_error", {}),
    Reply.NO_KEY: (401, "wrong key {key}", "invalid_api_key", {}),
    Reply.REFUSED: (400, "rejected", "content_policy_violation", {}),
}


ENDINGS: dict[Reply, Ending] = {Reply.CUT: "abrupt", Reply.HANGING: "open"}


class TestOpenAi(TextContract, ImageContract):
    provider = OPENAI

    def settings(self, url):
        return AiSettings(
            openai_api_key=self.secret,
            openai_base_url=f"{url}/v1",
            openai_text_model="writer-1",
            openai_image_model="painter-1",
        )

    def answer(self, reply, request):
        if reply in ERRORS:
            status, said, code, headers = ERRORS[reply]
            said = said.format(key=self.secret)
            body = {"error": {"message": said, "type": "error", "code": code}}
            return Answer(status=status, headers=headers, parts=[json.dumps(body).encode()])
        if "images" in request.path:
            image = {"data": [{"b64_json": base64.b64encode(PNG).decode()}]}
            return Answer(parts=[json.dumps(image).encode()])
        return Answer(
            headers={"content-type": "text/event-stream"},
            parts=self.events(reply, request.body["model"]),
            ending=ENDINGS.get(reply, "clean"),
        )

    def events(self, reply, model):
        words = TEXT if reply is Reply.OK else TEXT[:1]
        events: list[dict[str, Any]] = [
            {"choices": [{"delta": {"content": word}}]} for word in words
        ]
        if reply in {Reply.OK, Reply.TRUNCATED}:
            reason = "stop" if reply is Reply.OK else "length"
            usage = {"prompt_tokens": 7, "completion_tokens": 11}
            events += [
                {"choices": [{"delta": {}, "finish_reason": reason}]},
                {"choices": [], "usage": usage},
            ]
        done = [] if reply in {Reply.CUT, Reply.HANGING} else ["[DONE]"]
        sent = [json.dumps({"model": model, **event}) for event in events]
        return [f"data: {event}\n\n".encode() for event in [*sent, *done]]


class Forgetful(OpenAiClient):
    """Says nothing while a text arrives."""

    async def complete(self, prompt, on_text):
        async def nobody(text):
            pass

        return await super().complete(prompt, nobody)


class Stubborn(OpenAiClient):
    """Asks again by itself."""

    async def complete(self, prompt, on_text):
        try:
            return await super().complete(prompt, on_text)
        except openai.APIError:
            return await super().complete(prompt, on_text)


class Talkative(OpenAiClient):
    """Tells its key to whoever reads the error."""

    def task_error(self, error):
        return PermanentError(f"refused: {error}", code="provider_refused")


class Deaf(OpenAiClient):
    """Goes on when its task is cancelled."""

    async def complete(self, prompt, on_text):
        asking = asyncio.ensure_future(super().complete(prompt, on_text))
        try:
            return await asyncio.shield(asking)
        except asyncio.CancelledError:
            return Completion(text="", model=None, usage=None)


class Boastful(OpenAiClient):
    """Takes half a text for a whole one."""

    async def complete(self, prompt, on_text):
        try:
            return await super().complete(prompt, on_text)
        except IncompleteOutputError as error:
            return Completion(text=error.partial, model=prompt.model, usage=None)


@pytest.mark.parametrize(
    ("client", "check", "arguments", "said"),
    [
        (
            Forgetful,
            "test_a_text_comes_live_and_whole_with_its_model_and_usage",
            (),
            "tell on_text",
        ),
        (Stubborn, "test_a_failure_of_the_server_is_tried_again", (write,), "turn those of the"),
        (Talkative, "test_a_wrong_key_is_not_tried_again_and_not_told", (write,), "take the key"),
        (Deaf, "test_a_task_that_is_cancelled_closes_the_connection", (), "must pass"),
        (
            Boastful,
            "test_a_text_that_stopped_in_the_middle_is_never_taken_for_one",
            (Reply.UNFINISHED,),
            "DID NOT RAISE",
        ),
    ],
)
def test_a_provider_that_lies_is_caught(client, check, arguments, said):
    class Suite(TestOpenAi):
        provider = replace(OPENAI, connect=client)

    suite = Suite()
    with (
        WireServer(suite.answer) as wire,
        pytest.raises((AssertionError, pytest.fail.Exception), match=said),
    ):
        getattr(suite, check)(wire, *arguments)


def test_a_provider_that_is_not_tested_for_all_that_it_can_do_is_caught():
    class Suite(TextContract):
        provider = OPENAI

    with pytest.raises(AssertionError, match="its tests inherit the suites of"):
        Suite().test_it_is_tested_for_all_that_it_can_do()
