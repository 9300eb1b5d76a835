"""Ids that follow from another id, so that whoever makes one twice makes the same one."""

from hashlib import sha256
from uuid import UUID

_TIME_BITS = 48
_AFTER_TIME = (1 << (128 - _TIME_BITS)) - 1
_VERSION = 0x7 << 76
_VERSION_MASK = 0xF << 76
_VARIANT = 0b10 << 62
_VARIANT_MASK = 0b11 << 62


def derived_id(origin: UUID, name: str) -> UUID:
    """The UUIDv7 of what ``origin``, a UUIDv7 as well, calls ``name``; always the same one.

    The time is that of ``origin``, the other 74 bits are of a SHA-256 over both. RFC 9562 allows
    it: of those bits it asks that they make the id unique (5.7), which a hash of what is unique
    does, and nobody may read more than the time out of them (6.12).
    """
    digest = int.from_bytes(sha256(origin.bytes + name.encode()).digest()[:16])
    value = (origin.int & ~_AFTER_TIME) | (digest & _AFTER_TIME)
    value = (value & ~_VERSION_MASK) | _VERSION
    return UUID(int=(value & ~_VARIANT_MASK) | _VARIANT)
