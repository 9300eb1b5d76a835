"""The names of a queue's keys, and of a provider's.

All of one queue, or of one provider, share a hash tag, so that scripts work on Redis Cluster.
"""

from typing import NamedTuple

FORMAT = 2
"""The layout's number; it stands in front of every epoch. A newer one stops older processes, an
older one is replaced by a new index."""


class QueueKeys(NamedTuple):
    """The keys of one queue, in the order in which every script takes them."""

    epoch: str
    """String: which build of this index it is; gone when Redis was wiped."""
    seq: str
    """Integer: the next ticket, for lease tokens."""
    waiting: str
    """Sorted set: member -> band and start tag."""
    delayed: str
    """Sorted set: member -> due time in ms."""
    leases: str
    """Sorted set: member -> expiry in ms."""
    entry: str
    """Hash: member -> what is known of a task beside its score; see prelude.lua."""
    wake: str
    """List: holds one marker while there is work that may start."""
    starts: str
    """List: the last start times in ms, newest first; expires after the rate limit's period. Those
    of a user's tasks are in a list of the same name with ``:user`` behind it."""
    workers: str
    """Sorted set: worker -> when to think it dead, in ms; expires by itself."""
    cancels: str
    """Sorted set: member -> until when to remember that it was cancelled, in ms; expires by
    itself."""
    parked: str
    """Sorted set: type and member of tasks that no worker so far knew the type of."""
    seen: str
    """Integer: when a worker was last heard of, in ms, to a twentieth of a lease."""
    grace: str
    """Exists while leases do not run out, because nobody could renew them; expires by itself."""
    virtual: str
    """Hash: band -> virtual time: the greatest start tag taken; without it, nothing was."""
    tags: str
    """Sorted set: band and user -> finish tag, behind the band's number as in ``waiting``."""
    lines: str
    """Hash: band and user -> how many of the user's tasks wait, in line or in a room. Changes only
    with those sets, and decides nothing but whether a finish tag may go back."""
    users: str
    """Sorted set: user and member of those of ``leases`` that have a user, where they are counted;
    see places.lua. Expires by itself."""
    roomed: str
    """Sorted set: room, score and member of tasks that wait for the limit of a user or provider."""
    rooms: str
    """Sorted set: room -> when to look into it, in ms."""
    notices: str
    """Not a key but a channel, over which the queue's workers hear what they would learn later from
    a heartbeat or a claim: the member to cancel, or nothing: a task was parked."""
    changed: str
    """A channel as well, over which whoever follows tasks hears of news; see changes.py."""

    @classmethod
    def of(cls, namespace: str, queue: str) -> "QueueKeys":
        """The keys of ``queue`` in the installation ``namespace``."""
        return cls(*(f"{namespace}:{{{queue}}}:{field}" for field in cls._fields))


class ProviderKeys(NamedTuple):
    """The keys of one provider, in the order in which every script takes them.

    There is no epoch: keys that were wiped come back empty, and nothing has to be rebuilt.
    """

    grants: str
    """Sorted set: grant -> expiry in ms. What uses the provider now is counted from these."""
    starts: str
    """List: the last start times in ms, newest first; expires after the rate limit's period."""
    bucket: str
    """Number: when the bucket of units is full again, in ms; gone when it is."""
    closed: str
    """Exists while nobody may start; expires when it opens."""
    refusals: str
    """Integer: how often in a row it was closed without being told for how long; expires."""
    turned_away: str
    """Set: queues whose tasks wait for a grant, or for units, that somebody may give back."""
    seen: str
    """Integer: when a holder of grants was last heard of, in ms, to a twentieth of a lease."""
    grace: str
    """Exists while grants do not run out, because nobody could renew them; expires by itself."""

    @classmethod
    def of(cls, namespace: str, provider: str) -> "ProviderKeys":
        """The keys of ``provider`` in the installation ``namespace``."""
        # No queue has a colon in its name.
        return cls(*(f"{namespace}:{{provider:{provider}}}:{field}" for field in cls._fields))


def policies_channel(namespace: str) -> str:
    """Not a key but a channel, over which all processes hear that a queue's policy has changed."""
    return f"{namespace}:policies"
