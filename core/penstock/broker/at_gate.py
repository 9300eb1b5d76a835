"""Claimed tasks at the start gate: while some pass, others are claimed and gather behind them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from uuid import UUID

from penstock import background
from penstock.broker.delivery import Delivery
from penstock.broker.gate import StartGate
from penstock.broker.providers import Providers
from penstock.engine import EngineUnavailableError, Lease, Settlement
from penstock.ledger import CancelWish

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0
_log = logging.getLogger(__name__)


class AtGate:
    """The claimed tasks of one queue on their way to their runs, in the order of the claims.

    All that have gathered pass in one statement, and the next ones after these have.

    Args:
        gate: opens their runs.
        providers: gives grants to those that need limited ones.
        passed: called with the runs that may begin.
        turned_back: called with what becomes of the others.
        broken: called with what nobody expected; all that are at the gate are turned back.
    """

    def __init__(
        self,
        gate: StartGate,
        providers: Providers,
        *,
        passed: Callable[[Sequence[Delivery]], None],
        turned_back: Callable[[Sequence[Settlement]], None],
        broken: Callable[[BaseException], None],
    ) -> None:
        self._gate = gate
        self._providers = providers
        self._passed = passed
        self._turned_back = turned_back
        self._broken = broken
        self._leases: dict[bytes, Lease] = {}
        self._gathered: list[Lease] = []
        self._passing: asyncio.Task[None] | None = None
        self._pause = _FIRST_PAUSE
        # What is heard of them meanwhile: who shall be cancelled, and whose lease was refused.
        self.wishes: dict[UUID, CancelWish] = {}
        self.refused: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._leases)

    def __contains__(self, lease: Lease) -> bool:
        return lease.token in self._leases

    @property
    def ids(self) -> set[UUID]:
        """Which tasks are here."""
        return {each.id for each in self._leases.values()}

    def add(self, leases: Sequence[Lease]) -> None:
        """These have been claimed."""
        self._leases.update((each.token, each) for each in leases)
        self._gathered += leases
        if self._passing is None:
            self._passing = asyncio.create_task(self._pass_all(), name="start-gate")
            self._passing.add_done_callback(self._ended)

    async def close(self) -> None:
        """Turn back whoever is here."""
        await background.end(self._passing)

    async def _pass_all(self) -> None:
        try:
            while self._gathered:
                leases, self._gathered = self._gathered, []
                await self._pass(leases)
        finally:
            self._passing = None

    async def _pass(self, leases: Sequence[Lease]) -> None:
        deliveries: list[Delivery] = []
        settlements: list[Settlement] = []
        try:
            try:
                admission = await self._providers.admit(leases, estimates=self._gate.estimates)
            except EngineUnavailableError as error:
                _log.warning("%d claimed tasks go back in line: %s", len(leases), error)
                # Their slots are taken until then, so that they are not claimed again at once.
                await asyncio.sleep(self._pause)
                self._pause = min(2 * self._pause, _LONGEST_PAUSE)
                self._turn_back(leases)
                return
            self._pause = _FIRST_PAUSE
            settlements += admission.settlements
            if admission.leases:
                deliveries, refused = await self._gate.open(admission.leases)
                settlements += refused
        except BaseException:
            # Whether the runs were opened is unknown, and somebody has to find out.
            gathered, self._gathered = self._gathered, []
            self._turn_back([*leases, *gathered])
            raise
        for delivery in deliveries:
            delivery.use = admission.uses.pop(delivery.lease.token, None)
        for use in admission.uses.values():
            use.end()
        for lease in leases:
            del self._leases[lease.token]
        if deliveries:
            self._passed(deliveries)
        if settlements:
            self._turned_back(settlements)
        self._forget(leases)

    def _turn_back(self, leases: Sequence[Lease]) -> None:
        for lease in leases:
            del self._leases[lease.token]
        self._forget(leases)
        self._turned_back([Settlement(lease=lease, kind="back") for lease in leases])

    def _forget(self, leases: Sequence[Lease]) -> None:
        """What was heard of them has been heeded."""
        if self.wishes or self.refused:
            for lease in leases:
                self.wishes.pop(lease.id, None)
                self.refused.discard(lease.token)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._broken(error)
