"""What every plugin promises, and what every provider does."""

import json

from penstock.testing import PluginContract
from penstock_ai.testing import TEXT, Answer, Ending, Reply, Request, TextContract

from penstock_seedling import SEEDLING
from penstock_seedling.settings import SeedlingSettings

ERRORS = {
    Reply.RATE_LIMITED: (429, "slow down", {"retry-after": "2"}),
    Reply.BUSY: (429, "slow down", {}),
    Reply.FAILED: (500, "we failed", {}),
    Reply.NO_KEY: (401, "wrong key {key}", {}),
}
ENDS = {Reply.OK: "stop", Reply.TRUNCATED: "length", Reply.REFUSED: "refused"}
ENDINGS: dict[Reply, Ending] = {Reply.CUT: "abrupt", Reply.HANGING: "open"}


class TestPlugin(PluginContract):
    """Penstock's own checks; `pytest -v` shows what they are."""

    plugin = "seedling"


class TestProvider(TextContract):
    """Those of penstock-ai, over a server on this machine that answers like the API."""

    provider = SEEDLING

    def settings(self, url: str) -> SeedlingSettings:
        return SeedlingSettings(api_key=self.secret, base_url=url, text_model="writer-1")

    def answer(self, reply: Reply, request: Request) -> Answer:
        if reply in ERRORS:
            status, said, headers = ERRORS[reply]
            said = said.format(key=self.secret)
            return Answer(status=status, headers=headers, parts=[said.encode()])
        lines: list[dict[str, object]] = [
            {"text": word} for word in (TEXT if reply is Reply.OK else TEXT[:1])
        ]
        if reply in ENDS:
            usage = {"input_tokens": 7, "output_tokens": 11}
            lines.append({"end": ENDS[reply], "model": request.body["model"], "usage": usage})
        return Answer(
            parts=[json.dumps(line).encode() + b"\n" for line in lines],
            ending=ENDINGS.get(reply, "clean"),
        )
