"""When tasks were started by the engine's own record: leases are numbered by its clock."""

from collections.abc import Iterable, Sequence

_TICKET_BITS = 20  # of a lease's number, below the time


def start_times(leases: Iterable[int]) -> list[int]:
    """In milliseconds of Redis' clock, by the numbers of the leases in the ledger."""
    return sorted(each >> _TICKET_BITS for each in leases)


def most_within(times: Sequence[float], length: float) -> int:
    """The most of these moments in any window of this length."""
    return max(sum(begin <= each < begin + length for each in times) for begin in times)
