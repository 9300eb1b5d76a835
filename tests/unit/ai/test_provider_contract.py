"""The suites that authors of providers inherit, on ours, and on providers that lie."""

import base64
import json
from typing import Any

from penstock_ai.providers.builtin import BUILTIN_PROVIDER
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
)


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
