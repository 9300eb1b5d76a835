"""Where the OpenAI protocol is spoken, and what messages call that place."""

from urllib.parse import urlsplit

from penstock import PermanentError

OPENAI_URL = "https://api.openai.com/v1"


class Address:
    """The address of a server, from ``OPENAI_BASE_URL``; OpenAI's own without one.

    As a string it is what error messages call it, without path, user name and password.

    Attributes:
        url: the whole of it.
        is_openai: whether OpenAI's models answer there, which reject what other servers need.

    Raises:
        PermanentError: ``capability_unavailable``: that is no address.
    """

    def __init__(self, base_url: str | None) -> None:
        self.url = base_url or OPENAI_URL
        try:
            parts = urlsplit(self.url)
            host, port = parts.hostname, parts.port
        except ValueError:  # a port that is no number, half an IPv6 address
            host = None
        if host is None or parts.scheme not in {"http", "https"}:
            shown = self.url.rpartition("@")[2]
            message = (
                f"expected OPENAI_BASE_URL to be an http or https address, got {shown!r}; "
                "set it like http://127.0.0.1:11434/v1"
            )
            raise PermanentError(message, code="capability_unavailable")
        self.is_openai = f".{host}".endswith((".openai.com", ".openai.azure.com"))
        self._origin = f"{parts.scheme}://" + (f"[{host}]" if ":" in host else host)
        self._origin += f":{port}" if port else ""

    def __str__(self) -> str:
        return "OpenAI" if self.url == OPENAI_URL else self._origin
