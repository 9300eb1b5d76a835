"""Looking through a type to what one value of it may be."""

from collections.abc import Iterator

import msgspec


def type_parts(info: msgspec.inspect.Type) -> Iterator[msgspec.inspect.Type]:
    """A type, then what its annotations and alternatives hold; not what a container holds."""
    yield info
    match info:
        case msgspec.inspect.Metadata():
            yield from type_parts(info.type)
        case msgspec.inspect.UnionType():
            for each in info.types:
                yield from type_parts(each)
