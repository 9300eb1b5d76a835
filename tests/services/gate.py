"""The start gate, as one claim of a worker passes it."""

from datetime import UTC, datetime
from uuid import UUID

from penstock.ledger import Ledger, RefusedStart, StartedTask


async def pass_gate(
    ledger: Ledger, *ids: UUID, worker: str = "w", orphans: bool = False
) -> tuple[list[StartedTask], list[RefusedStart]]:
    """Start tasks; as ``orphans`` if their worker is known to be lost."""
    return await ledger.start(dict.fromkeys(ids, orphans), worker=worker, now=datetime.now(UTC))
