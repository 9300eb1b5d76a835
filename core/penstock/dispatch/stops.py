"""Who is told of tasks that the ledger has ended, or that shall be stopped."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from penstock.dispatch.batch_completion import BatchCompletion
from penstock.dispatch.entries import member_of
from penstock.engine import Engine, EngineUnavailableError, Member
from penstock.ledger import OpenTask, Status

_log = logging.getLogger(__name__)


class Stop(NamedTuple):
    """A task that has ended as it waited; or that is ``running``, and whose worker is to stop it.

    ``batch_id`` is the batch that it is counted with.
    """

    queue: str
    member: Member
    running: bool
    batch_id: UUID | None

    @classmethod
    def of(cls, task: OpenTask) -> Stop:
        """That of a row, as it was before."""
        member = member_of(task.id, task.user_id, task.provider)
        return cls(task.queue, member, task.status is Status.RUNNING, task.batch_id)


class Stops:
    """Takes tasks out of line, tells the workers of those that run, and finishes their batches.

    Args:
        engine: is told.
        completion: finishes batches.
        weights: from a queue to the shares of its users.
        withdraw: called with a queue and those of its tasks that are not to be handed over any
            more, by whoever hands some over.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        completion: BatchCompletion,
        weights: Callable[[str], Mapping[str, float]],
        withdraw: Callable[[str, Collection[Member]], object] = lambda _queue, _members: None,
    ) -> None:
        self._engine = engine
        self._completion = completion
        self._weights = weights
        self._withdraw = withdraw

    async def tell(self, stops: Iterable[Stop]) -> None:
        """Tell of what is committed. A queue that cannot be told keeps no other from it."""
        groups: dict[tuple[str, bool], list[Member]] = defaultdict(list)
        batches = set()
        for each in stops:
            groups[each.queue, each.running].append(each.member)
            if each.batch_id is not None and not each.running:
                batches.add(each.batch_id)
        for (queue, running), members in groups.items():
            if not running:
                self._withdraw(queue, members)
            try:
                await self._engine.cancel(
                    queue, members, running=running, weights=self._weights(queue)
                )
            except EngineUnavailableError as error:
                # The ledger knows: no run of them starts any more, and the audit tells the workers.
                which = f"task {members[0].id}" if len(members) == 1 else f"{len(members)} tasks"
                _log.warning(
                    "queue %r: Redis is told later that %s shall not run: %s", queue, which, error
                )
        self._completion.look(batches)
