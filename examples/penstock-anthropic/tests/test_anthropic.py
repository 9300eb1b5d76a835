"""The suite of penstock-ai, over a server on this machine that speaks Anthropic's protocol."""

import json
from collections.abc import Iterator
from typing import Any

from penstock_ai.testing import TEXT, Answer, Ending, Reply, Request, TextContract
from penstock_anthropic import ANTHROPIC, AnthropicSettings

ERRORS = {
    Reply.RATE_LIMITED: (429, "rate_limit_error", "slow down", {"retry-after": "2"}),
    Reply.BUSY: (429, "rate_limit_error", "slow down", {}),
    Reply.FAILED: (529, "overloaded_error", "overloaded", {}),
    Reply.NO_KEY: (401, "authentication_error", "wrong key {key}", {}),
}
ENDINGS: dict[Reply, Ending] = {Reply.CUT: "abrupt", Reply.HANGING: "open"}
STOP_REASONS = {
    Reply.OK: "end_turn",
    Reply.TRUNCATED: "max_tokens",
    Reply.REFUSED: "refusal",
}


class TestAnthropic(TextContract):
    provider = ANTHROPIC

    def settings(self, url: str) -> AnthropicSettings:
        return AnthropicSettings(api_key=self.secret, base_url=url, text_model="claude-test")

    def answer(self, reply: Reply, request: Request) -> Answer:
        if reply in ERRORS:
            status, kind, said, headers = ERRORS[reply]
            error = {"type": kind, "message": said.format(key=self.secret)}
            body = json.dumps({"type": "error", "error": error}).encode()
            return Answer(status=status, headers=headers, parts=[body])
        return Answer(
            headers={"content-type": "text/event-stream"},
            parts=[
                f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
                for event in events(reply, request.body["model"])
            ],
            ending=ENDINGS.get(reply, "clean"),
        )


def events(reply: Reply, model: str) -> Iterator[dict[str, Any]]:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [],
        "stop_reason": None,
        "usage": {"input_tokens": 7, "output_tokens": 1},
    }
    yield {"type": "message_start", "message": message}
    text = {"type": "text", "text": ""}
    yield {"type": "content_block_start", "index": 0, "content_block": text}
    for word in TEXT if reply is Reply.OK else TEXT[:1]:
        delta = {"type": "text_delta", "text": word}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    if reply in STOP_REASONS:
        yield {"type": "content_block_stop", "index": 0}
        end = {"stop_reason": STOP_REASONS[reply], "stop_sequence": None}
        yield {"type": "message_delta", "delta": end, "usage": {"output_tokens": 11}}
        yield {"type": "message_stop"}
