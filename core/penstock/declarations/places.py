"""Where in a JSON text something is, and what is there, in the words of an error message."""

import json
import re

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LONGEST_SHOWN = 80


def join(path: str, key: str) -> str:
    """The path of a member; keys that are no plain words stand in brackets and quotes."""
    return f"{path}.{key}" if _PLAIN_KEY.fullmatch(key) else f"{path}[{shown(key)}]"


def shown(value: object) -> str:
    """``value`` as short, printable text for an error message."""
    text = json.dumps(value) if isinstance(value, str) else repr(value)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
