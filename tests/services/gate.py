"""The start gate, as one claim of a worker passes it."""

import itertools
from uuid import UUID

from penstock.ledger import ClaimedTask, Ledger, RefusedStart, StartedTask

_lease_numbers = itertools.count(1)


async def pass_gate(
    ledger: Ledger, *ids: UUID, worker: str = "w", orphans: bool = False
) -> tuple[list[StartedTask], list[RefusedStart]]:
    """Start tasks; as ``orphans`` if their worker is known to be lost."""
    claims = [ClaimedTask(each, next(_lease_numbers), orphans) for each in ids]
    return await ledger.start(claims, worker=worker)
