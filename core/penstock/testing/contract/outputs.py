"""Whether two outputs say the same."""

from __future__ import annotations

from typing import Any

import msgspec

_ARTIFACT = {"id", "name", "content_type", "size", "sha256"}


def plain(output: Any) -> Any:
    """``output`` as its JSON holds it, but for the ids of artifacts, which are new each time."""
    return _without_ids(msgspec.json.decode(msgspec.json.encode(output)))


def _without_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_ids(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _without_ids(each) for name, each in value.items()}
    if kept.keys() >= _ARTIFACT:
        del kept["id"]
    return kept


def shown(value: Any) -> str:
    """A value for people, not too long."""
    text = repr(value)
    return text if len(text) <= 300 else f"{text[:299]}…"  # noqa: PLR2004  (some lines)
