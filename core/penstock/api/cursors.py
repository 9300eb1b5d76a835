"""Where the next page begins, as callers hand it back."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

_LENGTH = 22


def encode(position: UUID | None) -> str | None:
    """A word for ``position``; nothing if there is no next page."""
    return None if position is None else urlsafe_b64encode(position.bytes).decode()[:_LENGTH]


def decode(cursor: str) -> UUID:
    """The position that :func:`encode` made a word of.

    Raises:
        ValueError: it made no such word.
    """
    try:
        found = UUID(bytes=urlsafe_b64decode(f"{cursor}=="))
    except (binascii.Error, ValueError) as error:
        raise ValueError("no cursor") from error
    if encode(found) != cursor:
        raise ValueError("no cursor")
    return found
