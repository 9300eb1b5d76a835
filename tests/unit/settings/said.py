"""What is said of queues, providers or task types."""

from collections.abc import Collection, Sequence

from penstock.settings import Tuning
from penstock.settings.given import Given
from penstock.settings.tuning import Tuned


def said_of(
    tuned: Tuned, names: Collection[str], given: Given, *, absent: Sequence[str] = ()
) -> Tuning:
    """All of it; raises the first thing that is wrong with it."""
    found, faults = tuned.read(names, given, absent=absent)
    for fault in faults:
        raise fault
    return found
