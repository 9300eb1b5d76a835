"""Cuts what people read to a bounded length; its beginning and its end stay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

_MOST_FIELDS = 50


def clipped(text: str, most: int) -> str:
    """``text`` in at most ``most`` bytes of UTF-8, or in some 30 if ``most`` is less than that.

    Where something is left out stands how long the whole is.
    """
    # A character has at most four bytes: most texts need not be encoded for this.
    if len(text) * 4 <= most:
        return text
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return text
    gap = f" … of {len(data):,} bytes … "
    room = max(most - len(gap.encode()), 0)
    end = data[len(data) - room // 2 :].decode(errors="ignore")
    return data[: room - room // 2].decode(errors="ignore") + gap + end


def clipped_fields(fields: Mapping[str, Any], most: int) -> dict[str, Any]:
    """The fields of a log line in about ``most`` bytes: the long ones clipped, and become text.

    Of many fields, only the first 50.
    """
    texts = {
        name: value
        if isinstance(value, str)
        else msgspec.json.encode(value, enc_hook=repr).decode()
        for name, value in list(fields.items())[:_MOST_FIELDS]
    }
    # Short ones leave what they do not need to the others.
    left, shares = most, {}
    by_length = sorted(texts, key=lambda name: len(texts[name]))
    for number, name in enumerate(by_length):
        shares[name] = max(left, 0) // (len(texts) - number)
        left -= min(len(texts[name].encode("utf-8", "replace")), shares[name])
    cut = {name: clipped(text, shares[name]) for name, text in texts.items()}
    return {name: fields[name] if cut[name] == texts[name] else cut[name] for name in texts}
