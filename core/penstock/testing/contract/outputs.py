"""Whether two outputs say the same."""

from __future__ import annotations

from typing import Any

import msgspec

from penstock.testing.run import Run

_ARTIFACT = {"id", "name", "content_type", "size", "sha256"}


def plain(run: Run[Any]) -> Any:
    """What a run returned, as its JSON holds it, but for ids of artifacts, new each time."""
    return _without_ids(msgspec.json.decode(run.result)) if run.result is not None else None


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
