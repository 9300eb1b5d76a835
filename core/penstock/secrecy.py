"""Keeps passwords out of everything that people and logs get to see."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote

HIDDEN = "***"
LEAST_LENGTH = 8
"""Of a secret that is looked for: a shorter one stands in half of all texts by chance."""

# Up to the end: a secret may hold an "&" that somebody forgot to escape.
_QUERY_SECRET = re.compile(
    r"([?&][^=&]*(?:password|passwd|pwd|secret|token)[^=&]*=).*", re.IGNORECASE | re.DOTALL
)

_SOUNDS_SECRET = re.compile(
    r"(^|_)(api_?key|key|token|secret|password|passwd|credentials?)$", re.IGNORECASE
)

# With whatever a password may hold that somebody forgot to escape.
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{0,30}://\S*[@?]\S*", re.IGNORECASE)


class Mask:
    """Replaces secrets that are known by ``***``, in whatever others wrote.

    Found are the values themselves, and as ``repr``, JSON and URLs write them; not parts of them,
    and usually none that is shorter than :data:`LEAST_LENGTH` or a number.

    Args:
        secrets: what is to be hidden.
        short: whether short ones and numbers are hidden as well, in a text that is about them.
    """

    def __init__(self, secrets: Iterable[str] = (), *, short: bool = False) -> None:
        self._forms: tuple[str, ...] = ()
        self._short = short
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Hide these as well."""
        forms = {
            form
            for each in secrets
            if each and (self._short or (len(each) >= LEAST_LENGTH and not each.isdecimal()))
            for form in _forms(each)
        }
        # The longest first: one may be the beginning of another.
        self._forms = tuple(sorted(forms.union(self._forms), key=lambda each: (-len(each), each)))

    def __call__(self, text: str) -> str:
        """``text`` without them; the same object if there is none in it."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, HIDDEN)
        return text

    def within(self, value: Any) -> Any:
        """The same for all texts of something that is made of dicts and lists."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, dict):
            return {self.within(name): self.within(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.within(each) for each in value]
        return value


def sounds_secret(name: str) -> bool:
    """Whether what is called ``name`` is one to hide, whoever failed to say so."""
    return _SOUNDS_SECRET.search(name) is not None


def passwords_in(url: str) -> Iterator[str]:
    """The passwords of a URL, as they are written and as they are meant.

    Without one that equals the user or the path: it is no secret, but all over the logs.
    """
    address, _, query = url.partition("://")[2].partition("?")
    userinfo, _, rest = address.rpartition("@")
    user, _, password = userinfo.partition(":")
    shown = {unquote(user), unquote(rest.partition("/")[2])}
    options = (value for name, value in parse_qsl(query) if sounds_secret(name))
    for each in (password, *options):
        if unquote(each) not in shown:
            yield from {each, unquote(each)}


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield repr(secret)[1:-1]
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield quote(secret, safe="")
    yield quote_plus(secret)


def redacted_in(text: str) -> str:
    """A text of somebody else's, with the password of each URL in it replaced by ``***``."""
    return _URL.sub(lambda found: redacted(found[0]), text)


def redacted(url: str) -> str:
    """The URL with its password replaced by ``***``.

    Works on malformed URLs as well, where it rather hides too much than too little.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return HIDDEN if "@" in url or "=" in url else url
    # Up to the last "@": a password may hold an "@", ":" or "/" that somebody forgot to escape.
    userinfo, at, host = rest.rpartition("@")
    if "?" in userinfo:
        # A password with a "?", or a query with an "@": nobody can tell.
        return f"{scheme}://{HIDDEN}"
    user, colon, _ = userinfo.partition(":")
    secret = f"{colon}{HIDDEN}" if colon else ""
    return f"{scheme}://{user}{secret}{at}{_hide_in_query(host)}"


def _hide_in_query(text: str) -> str:
    return _QUERY_SECRET.sub(rf"\1{HIDDEN}", text)
