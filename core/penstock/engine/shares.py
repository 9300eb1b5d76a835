"""What a task costs its user, by the user's weight."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

# What order.lua charges for a task of weight 1.
_COST = 2520


def encode(weights: Mapping[str, float]) -> bytes:
    """``weights`` (relative shares, 1 for whoever is not named) as the scripts take them."""
    if not weights:
        return b""
    return msgspec.json.encode(
        {user: max(1, round(_COST / weight)) for user, weight in weights.items()}
    )
