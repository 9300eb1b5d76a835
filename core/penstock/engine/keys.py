"""The names of a queue's keys.

All of one queue share a hash tag, so that scripts work on Redis Cluster.
"""

from typing import NamedTuple

FORMAT = 1
"""The layout's number; it stands in front of every epoch. A newer one stops older processes."""


class QueueKeys(NamedTuple):
    """The keys of one queue, in the order in which every script takes them."""

    epoch: str
    """String: which build of this index it is; gone when Redis was wiped."""
    seq: str
    """Integer: the next ticket, for order within a band and for lease tokens."""
    waiting: str
    """Sorted set: id -> band and ticket."""
    delayed: str
    """Sorted set: id -> due time in ms."""
    leases: str
    """Sorted set: id -> expiry in ms."""
    entry: str
    """Hash: id -> what is known of a task beside its score; see prelude.lua."""
    wake: str
    """List: holds one marker while there is work that may start."""
    starts: str
    """List: the last start times in ms, newest first; expires after the rate limit's period."""
    workers: str
    """Sorted set: worker -> when to think it dead, in ms; expires by itself."""
    cancels: str
    """Sorted set: id -> until when to remember that it was cancelled, in ms; expires by itself."""
    parked: str
    """Sorted set: type and id of tasks that no worker so far knew the type of."""
    seen: str
    """Integer: when a worker was last heard of, in ms, to a twentieth of a lease."""
    grace: str
    """Exists while leases do not run out, because nobody could renew them; expires by itself."""
    notices: str
    """Not a key but a channel, over which the queue's workers hear what they would learn later from
    a heartbeat or a claim: the id of a task to cancel, or nothing: a task was parked."""

    @classmethod
    def of(cls, namespace: str, queue: str) -> "QueueKeys":
        """The keys of ``queue`` in the installation ``namespace``."""
        return cls(*(f"{namespace}:{{{queue}}}:{field}" for field in cls._fields))


def policies_channel(namespace: str) -> str:
    """Not a key but a channel, over which all processes hear that a queue's policy has changed."""
    return f"{namespace}:policies"
