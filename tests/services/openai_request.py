"""What came to the server that speaks the OpenAI protocol."""

from dataclasses import dataclass
from typing import Any


@dataclass(kw_only=True)
class ReceivedRequest:
    """One request, as it came. Times are of ``time.monotonic``.

    Attributes:
        headers: with names in lower case.
        body: the JSON; ``None`` without a body.
        ended: when the answer had been sent, or the client had gone; ``None`` until then.
        disconnected: whether the client went before the answer had ended.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    started: float
    ended: float | None = None
    disconnected: bool = False

    @property
    def prompt(self) -> str:
        """The text of what was asked for, of either endpoint."""
        body = self.body if isinstance(self.body, dict) else {}
        messages = body.get("messages") or [{"content": body.get("prompt", "")}]
        return str(messages[-1].get("content", ""))
