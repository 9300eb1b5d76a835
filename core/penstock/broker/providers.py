"""What a worker does about the limits of providers: takes grants, gives them back, closes."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from uuid import UUID

from penstock.broker.grant_table import GrantTable
from penstock.declarations import Provider
from penstock.dispatch import Policies
from penstock.engine import (
    Engine,
    EngineUnavailableError,
    Grant,
    GrantSettlement,
    Lease,
    Settlement,
)
from penstock.ledger.group_commit import GroupCommit
from penstock.plugins import Catalogue

Estimates = Callable[[Sequence[Lease]], Awaitable[Mapping[UUID, int] | None]]
"""How many units tasks use, as estimated; nothing if the database is away for too long."""
_log = logging.getLogger(__name__)


class ProviderUse:
    """One run's use of its provider, from its start to its end."""

    def __init__(self, grant: Grant, settle: Callable[[GrantSettlement], object]) -> None:
        self.grant = grant
        self._settle = settle
        self._charged = grant.units

    def charge(self, units: int) -> None:
        """Say how many units this run has used so far, instead of what was charged before."""
        more, self._charged = units - self._charged, units
        if more:
            self._settle(GrantSettlement(grant=self.grant, units=more))

    def end(self) -> None:
        """Give the grant back."""
        self._settle(GrantSettlement(grant=self.grant, is_over=True))


@dataclass(frozen=True, slots=True)
class Refusal:
    """A provider wants a pause, and said for how long, or did not."""

    provider: str
    pause: timedelta | None


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Which claimed tasks may go on to the start gate.

    Attributes:
        leases: of those that may, in their order.
        uses: of those that need a limited provider, by the token of the lease.
        settlements: what becomes of the others.
    """

    leases: Sequence[Lease]
    uses: dict[bytes, ProviderUse] = field(default_factory=dict)
    settlements: Sequence[Settlement] = ()


class Providers:
    """The providers, with their present limits, as all queues of one worker see them.

    Redis is asked about tasks of limited providers alone. That a provider without limits is closed
    stands where its tasks wait: :meth:`close` tells all queues that may have some.
    """

    def __init__(self, policies: Policies, engine: Engine) -> None:
        self.grants = GrantTable()
        self._policies = policies
        self._engine = engine
        self._in_force = dict(policies.catalogue.providers)
        self._settling = {name: GroupCommit(partial(self._settle, name)) for name in self._in_force}
        # Queue and provider: who was put on the list of those that are told.
        self._listed: set[tuple[str, str]] = set()
        self._background: set[asyncio.Task[None]] = set()
        self._known_of: Catalogue | None = None
        self._limited_queues: set[str] = set()

    async def admit(self, leases: Sequence[Lease], *, estimates: Estimates) -> Admission:
        """Take grants for those of ``leases``, all of one queue, that need limited providers.

        A task whose provider is at a limit goes into its waiting room.

        Raises:
            EngineUnavailableError: Redis is away; whatever was taken is given back.
        """
        needy = self._needy(leases)
        if not needy:
            return Admission(leases=leases)
        metered = [
            lease for name, each in needy.items() if self._provider(name).units for lease in each
        ]
        units = await estimates(metered) if metered else {}
        if units is None:
            back = [Settlement(lease=each, kind="back") for each in leases]
            return Admission(leases=[], settlements=back)
        uses: dict[bytes, ProviderUse] = {}
        turned_away: dict[bytes, Settlement] = {}
        try:
            for name, wanted in needy.items():
                granted, wait = await self._take(name, wanted, units)
                uses |= granted
                turned_away |= {
                    lease.token: Settlement(lease=lease, kind="room", delay=wait)
                    for lease in wanted
                    if lease.token not in granted
                }
        except BaseException:
            for use in uses.values():
                use.end()
            raise
        return Admission(
            leases=[each for each in leases if each.token not in turned_away],
            uses=uses,
            settlements=list(turned_away.values()),
        )

    def may_limit(self, queue: str) -> bool:
        """Whether any task of ``queue`` may need a provider with limits."""
        catalogue = self._policies.catalogue
        if self._known_of is not catalogue:
            limited = [name for name, each in catalogue.providers.items() if each.is_limited]
            self._limited_queues = {each for name in limited for each in self._queues_of(name)}
            self._known_of = catalogue
        return queue in self._limited_queues

    async def look_again(self, queue: str) -> None:
        """After the queue has put tasks into rooms: open those that were told to be too early.

        What was given back between the refusal of a grant and now found no room to open.

        Raises:
            EngineUnavailableError: Redis is away; the rooms open at their time.
        """
        for place in [each for each in self._listed if each[0] == queue]:
            self._listed.remove(place)
            _, name = place
            if not await self._engine.providers.has_turned_away(name, queue):
                await self._engine.open_room(queue, name)

    async def close(self, refusal: Refusal) -> timedelta:
        """Let no task that needs the provider start before the pause is over.

        Returns:
            For how long it is closed now.

        Raises:
            EngineUnavailableError: Redis is away.
        """
        provider = refusal.provider
        closed = await self._engine.providers.close(provider, refusal.pause)
        _log.warning("provider %r is closed for %.3f s", provider, closed.total_seconds())
        for queue in self._queues_of(provider):
            await self._engine.close_room(queue, provider, closed)
        return closed

    async def policies_changed(self, queues: Sequence[str]) -> None:
        """Have another look at what waits in ``queues`` for a provider that has other limits now.

        A lower limit stops nothing that runs; of a provider that had none, what runs already is
        not counted.
        """
        before, self._in_force = self._in_force, dict(self._policies.catalogue.providers)
        changed = [name for name, each in self._in_force.items() if before.get(name) != each]
        for name in changed:
            # What was told to a provider without limits to wait waits because that is closed.
            if not before[name].is_limited:
                continue
            try:
                # Without limits nobody asks the provider itself, which may want a pause.
                pause = await self._engine.providers.closed_for(name)
                for queue in set(self._queues_of(name)).intersection(queues):
                    await self._engine.open_room(queue, name, after=pause)
            except EngineUnavailableError as error:
                _log.debug("provider %r: its rooms open at their time: %s", name, error)

    async def stop(self, *, patience: float) -> None:
        """Give back what is left, for at most ``patience`` seconds; then it runs out by itself."""
        if self._background:
            await asyncio.wait(self._background, timeout=patience)
        for each in self._settling.values():
            await each.abandon()

    def _provider(self, name: str) -> Provider:
        return self._policies.catalogue.providers[name]

    def _is_limited(self, name: str) -> bool:
        # A task may name one whose plugin is gone.
        provider = self._policies.catalogue.providers.get(name)
        return provider is not None and provider.is_limited

    def _needy(self, leases: Sequence[Lease]) -> dict[str, list[Lease]]:
        needy: dict[str, list[Lease]] = defaultdict(list)
        for lease in leases:
            name = lease.member.provider
            if name and self._is_limited(name):
                needy[name].append(lease)
        return needy

    async def _take(
        self, name: str, leases: Sequence[Lease], units: Mapping[UUID, int]
    ) -> tuple[dict[bytes, ProviderUse], timedelta]:
        grants = [
            Grant(
                id=f"{lease.queue}:".encode() + lease.token,
                provider=name,
                units=units.get(lease.id, 1),
            )
            for lease in leases
        ]
        queue = leases[0].queue
        taken = await self._engine.providers.take(self._provider(name), grants, queue=queue)
        if taken.is_listed:
            self._listed.add((queue, name))
        grants = grants[: taken.count]
        self.grants.add(grants)
        settle = partial(self._settle_soon, name)
        granted = zip(leases, grants, strict=False)
        return {lease.token: ProviderUse(grant, settle) for lease, grant in granted}, taken.wait

    def _queues_of(self, provider: str) -> list[str]:
        """The queues in which tasks may wait that need ``provider``."""
        found: set[str] = set()
        for task_type in self._policies.catalogue.task_types.values():
            needs = task_type.provider
            name = needs.name if isinstance(needs, Provider) else needs
            if callable(needs) or name == provider:
                found.add(task_type.queue.name)
        return sorted(found)

    def _settle_soon(self, name: str, settlement: GrantSettlement) -> None:
        if settlement.is_over:
            self.grants.remove(settlement.grant)
        task = asyncio.create_task(self._settling[name].add(settlement))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _settle(self, name: str, settlements: Sequence[GrantSettlement]) -> Sequence[None]:
        """Settle what has gathered, and wake the queues that may have waited for it."""
        try:
            queues = await self._engine.providers.settle(self._provider(name), settlements)
            for queue in queues:
                await self._engine.open_room(queue, name)
        except EngineUnavailableError as error:
            # Grants run out, rooms open at their time, and what was charged stays charged.
            _log.debug("provider %r: %s", name, error)
        return [None] * len(settlements)
