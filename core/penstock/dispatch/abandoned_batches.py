"""Sealing batches that somebody opened and left: nobody adds to them, and they would never end."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from penstock.dispatch.batch_completion import BatchCompletion
from penstock.ledger import Ledger

_MOST_AT_ONCE = 500
_log = logging.getLogger(__name__)


class AbandonedBatches:
    """Seals them, which the log says; their tasks go on, and they finish as if their owner had.

    Any process may do it, and several at once.

    Args:
        ledger: has them.
        completion: finishes those whose tasks have ended already.
        after: how long after its last task a batch counts as left; ``None`` is never.
    """

    def __init__(
        self, ledger: Ledger, *, completion: BatchCompletion, after: timedelta | None
    ) -> None:
        self._batches = ledger.batches
        self._completion = completion
        self._after = after

    async def seal(self) -> int:
        """Seal some; returns how many, which is 0 if there are no more.

        Raises:
            LedgerUnavailableError: the database is away.
        """
        if self._after is None:
            return 0
        idle_since = datetime.now(UTC) - self._after
        sealed = await self._batches.seal_idle(idle_since, limit=_MOST_AT_ONCE)
        for batch_id in sealed:
            _log.warning(
                "batch %s is sealed: nobody has, and no task was added for %s "
                "(PENSTOCK_SEAL_BATCHES_AFTER)",
                batch_id,
                self._after,
            )
        if sealed:
            await self._completion.finish(sealed)
        return len(sealed)
