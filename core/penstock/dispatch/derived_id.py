"""Ids that follow from another id, so that whoever makes one twice makes the same one."""

from hashlib import sha256
from uuid import UUID

# What RFC 9562 fixes of the 80 bits behind the time.
_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62
_FREE = (1 << 80) - 1 & ~(0xF << 76) & ~(0b11 << 62)


def uuid7_of(milliseconds: int, rest: bytes) -> UUID:
    """The UUIDv7 of a moment since 1970 and of ``rest``, 10 bytes, of which 74 bits count."""
    return UUID(int=milliseconds << 80 | int.from_bytes(rest) & _FREE | _VERSION | _VARIANT)


def derived_id(origin: UUID, name: str) -> UUID:
    """The UUIDv7 of what ``origin``, a UUIDv7 as well, calls ``name``; always the same one.

    The time is that of ``origin``, the other 74 bits are of a SHA-256 over both. RFC 9562 allows
    it: of those bits it asks that they make the id unique (5.7), which a hash of what is unique
    does, and nobody may read more than the time out of them (6.12).
    """
    return uuid7_of(origin.int >> 80, sha256(origin.bytes + name.encode()).digest()[6:16])


def ids_in_order(origin: UUID, count: int) -> list[UUID]:
    """The UUIDv7 of up to 4,096 things of ``origin``, a UUIDv7 as well; always the same ones.

    As of :func:`derived_id`, and in the order of things: their number stands behind the time.
    """
    numbers = [number.to_bytes(2) for number in range(count)]
    return [
        uuid7_of(origin.int >> 80, each + sha256(origin.bytes + each).digest()[:8])
        for each in numbers
    ]
