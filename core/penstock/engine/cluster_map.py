"""Which node of a Redis Cluster holds what, as far as is known; asking is for others."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any

from redis.crc import key_slot
from redis.exceptions import ClusterDownError, ClusterError, MovedError
from redis.exceptions import ConnectionError as RedisConnectionError

Address = tuple[str, int]
# For these one node is as good as any other; of all others the first argument is a key, or the
# first key of a script.
_KEYLESS = {"INFO", "PUBLISH", "SCRIPT LOAD", "TIME"}
_SCRIPTED = {"EVAL", "EVALSHA"}


class ClusterUnreachableError(ClusterError, RedisConnectionError):
    """No node says which one holds what."""


def slot_of(command: Sequence[Any]) -> int | None:
    """The slot that a command is about; ``None`` where any node will do."""
    name = str(command[0])
    if name in _KEYLESS:
        return None
    key = command[3] if name in _SCRIPTED else command[1]
    return key_slot(key if isinstance(key, bytes) else str(key).encode())


def slot_of_queue(queue: str) -> int:
    """The slot of all keys of ``queue``, in whatever namespace."""
    return key_slot(f"{{{queue}}}".encode())


class ClusterMap:
    """What the last answer to ``CLUSTER SLOTS`` said, and what was learned since.

    A node that failed is *doubted*: whoever needs it asks first whether it is the right one still.
    Whoever needs another one goes on.

    Args:
        seeds: the nodes to begin with; one that answers names the others.
    """

    def __init__(self, seeds: Iterable[Address]) -> None:
        self._seeds = list(seeds)
        self._to_ask = list(self._seeds)
        self._first_slots: list[int] = []
        self._ranges: list[tuple[int, Address]] = []
        self._moved: dict[int, Address] = {}
        self._doubted: set[Address] = set()

    @property
    def masters(self) -> list[Address]:
        """Every node that holds slots; empty if nobody has answered yet."""
        return list(dict.fromkeys([*(node for _, node in self._ranges), *self._moved.values()]))

    @property
    def trusted(self) -> list[Address]:
        """Those of them that have not failed since."""
        return [each for each in self.masters if each not in self._doubted]

    @property
    def to_ask(self) -> list[Address]:
        """Whom to ask, one after the other.

        Whoever failed comes last. So does whoever answered: a node that is cut off from the others
        would be asked again and again, and knows nothing new.
        """
        return list(self._to_ask)

    def node_of(self, slot: int) -> Address | None:
        """The node that holds ``slot``; ``None`` if that is to be asked."""
        node = self._moved.get(slot) or self._held_by(slot)
        return None if node in self._doubted else node

    def learn(self, asked: Address, answer: Any) -> None:
        """Take over what the node ``asked`` answered."""
        nodes: list[Address] = []
        ranges: list[tuple[int, int, Address]] = []
        for first, last, *holders in answer:
            here = [_address(each, asked) for each in holders]
            ranges.append((first, last, here[0]))
            nodes += here
        ranges.sort()
        self._first_slots = [first for first, _, _ in ranges]
        self._ranges = [(last, node) for _, last, node in ranges]
        self._moved.clear()
        self._doubted.clear()
        known = list(dict.fromkeys([*nodes, *self._seeds]))
        self._to_ask = [
            *(each for each in self._to_ask if each in known and each != asked),
            *(each for each in known if each not in self._to_ask),
            asked,
        ]

    def doubt(self, node: Address) -> None:
        """``node`` failed: perhaps another one has taken over."""
        self._doubted.add(node)
        self._to_ask.sort(key=lambda each: each == node)

    def moved(self, error: MovedError, said_by: Address) -> Address:
        """Take over where a node says that a slot is now, and return it."""
        # Without a host it is that of whoever says so.
        node = (error.host or said_by[0], error.port)
        self._moved[error.slot_id] = node
        return node

    def _held_by(self, slot: int) -> Address | None:
        position = bisect_right(self._first_slots, slot) - 1
        if position < 0:
            return None
        last, node = self._ranges[position]
        return node if slot <= last else None


def nobody_holds(slot: int) -> ClusterDownError:
    """What is wrong if the nodes say of no one that it holds ``slot``."""
    return ClusterDownError(f"no node of the cluster holds slot {slot}")


def nobody_says(said: Sequence[str]) -> ClusterUnreachableError:
    """What is wrong if no node answers; ``said`` is what each of them did instead."""
    return ClusterUnreachableError(f"no node of the cluster answers ({'; '.join(said)})")


def _address(node: Sequence[Any], asked: Address) -> Address:
    host, port = node[:2]
    # A node that does not know its own name says nothing, or "?".
    return (host.decode() if host not in {None, b"", b"?"} else asked[0], int(port))
