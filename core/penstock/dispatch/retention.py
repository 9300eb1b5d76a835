"""How long ended tasks are kept, and removing those whose time is over."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from penstock.dispatch.artifacts import ArtifactStore
from penstock.ledger import Ledger, Status
from penstock.ledger.pruning import Pruning

Keep = Mapping[Status, timedelta | None]
"""For each terminal status, how long after its end a task is kept; ``None`` for ever."""
_STEP = 200
# Between two steps, and at least as long as the step took: submits and outcomes come first.
_SHORTEST_PAUSE = 0.05
_FILES = 100
_log = logging.getLogger(__name__)


class Retention:
    """Removes ended tasks with all that belongs to them, files included.

    What it does twice, or in two processes at once, changes nothing. Tasks that have not ended are
    never removed, and the counts of ended tasks per queue stay.

    Args:
        keep: how long.
        step: how many tasks one transaction removes, about.
    """

    def __init__(
        self, *, ledger: Ledger, artifacts: ArtifactStore, keep: Keep, step: int = _STEP
    ) -> None:
        self._pruning = Pruning(ledger.database)
        self._artifacts = artifacts
        self._keep = keep
        self._step = step

    async def prune(self, *, dry: bool = False) -> AsyncGenerator[tuple[Status, int]]:
        """Remove what is due, one bounded step after the other, with pauses.

        Yields:
            After each step: how many tasks of which status it removed, or would have.

        Raises:
            LedgerUnavailableError: the database is away; what is gone, is gone.
        """
        if not dry:
            await self._delete_left_over()
        for status, keep in self._keep.items():
            if keep is None:
                continue
            ended_before, top = datetime.now(UTC) - keep, None
            while True:
                begun = time.monotonic()
                found = await self._pruning.step(
                    status, ended_before=ended_before, top=top, size=self._step, dry=dry
                )
                await self._delete(found.files)
                yield status, found.tasks
                top = found.next
                if top is None:
                    break
                took = time.monotonic() - begun
                await asyncio.sleep(0 if dry else max(took, _SHORTEST_PAUSE))

    async def _delete_left_over(self) -> None:
        """The bytes of files whose tasks somebody removed who then died, or whom a disk failed."""
        after = None
        while files := await self._pruning.discarded(after=after, limit=_FILES):
            await self._delete(files)
            after = files[-1]

    async def _delete(self, files: Sequence[UUID]) -> None:
        """Delete the bytes of files, and then the notes that this is to be done."""
        deleted = []
        for file in files:
            try:
                await self._artifacts.delete_bytes(file)
            except Exception:  # noqa: BLE001  (whatever the store raises: the others can go)
                _log.exception("the bytes of artifact %s stay, and are tried again later", file)
            else:
                deleted.append(file)
        if deleted:
            await self._pruning.forget(deleted)
