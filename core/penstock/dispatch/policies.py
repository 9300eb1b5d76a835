"""What holds for queues, task types and providers at present, and who says so.

An operator's override stands over a variable or file, those over the plugin's declaration, and that
over the default; what is said of a task type stands over what is said of its queue. See
:mod:`penstock.dispatch.claims`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from penstock.declarations import DeclarationError
from penstock.dispatch.claims import Claims, Said
from penstock.dispatch.errors import (
    InvalidPolicyError,
    PolicyFault,
    QueueDrainingError,
)
from penstock.dispatch.fitting import Read, Values, fitting, replaced
from penstock.dispatch.policy_knobs import PROVIDER, QUEUE, TASK, Kind, Knob, Settings
from penstock.dispatch.status import Claim, PolicyValue, ProviderPolicy, QueuePolicy
from penstock.ledger import LedgerUnavailableError, Override, Overrides
from penstock.near_names import did_you_mean
from penstock.plugins import Catalogue
from penstock.plugins.tuning import ENABLED

PAUSED = "paused"
DRAINING = "draining"
_STATES = (PAUSED, DRAINING)
_ON = "true"
# Who reads nothing in the background looks again after so many seconds.
_FRESH_FOR = 5.0
_log = logging.getLogger(__name__)


class Policies:
    """The present policies, as one process knows them.

    The overrides in the database are read by :meth:`refresh`; while the database is away, what was
    read last stays in force.

    Args:
        declared: what the plugins say.
        kinds: of what something can be said, and what.
        settings: what variables and files say.
        overrides: what operators say.
    """

    def __init__(
        self,
        declared: Catalogue,
        *,
        kinds: Sequence[Kind],
        settings: Settings,
        overrides: Overrides,
    ) -> None:
        self._declared = declared
        self._kinds = {each.kind: each for each in kinds}
        self._knobs = {each.kind: {knob.field: knob for knob in each.knobs} for each in kinds}
        self._settings = settings
        self._claims = Claims(declared, kinds, settings)
        self._overrides = overrides
        self._catalogue = self._tuned({})
        self._rows: Sequence[Override] = ()
        self._said: Said = {}
        self._values: Values = {}
        self._refused: set[tuple[str, str, str, str]] = set()
        self._asking = asyncio.Lock()
        self._reading = asyncio.Lock()
        self._read_at: float | None = None
        self._unread = ""
        self._listeners: list[Callable[[], object]] = []
        self.is_watched = False
        """Whether somebody refreshes this in the background."""

    @property
    def catalogue(self) -> Catalogue:
        """Everything that is declared, with the present policies in it."""
        return self._catalogue

    @property
    def is_known(self) -> bool:
        """Whether the overrides were read at least once."""
        return self._read_at is not None

    @property
    def unknown(self) -> str:
        """Why the overrides were not read yet; empty if they were."""
        return "" if self.is_known else f"its policy is not known yet{self._unread}"

    def user_weights(self, queue: str) -> Mapping[str, float]:
        """The shares of the queue's users at present."""
        return self._catalogue.user_weights(queue)

    def is_paused(self, queue: str) -> bool:
        """Whether somebody has said that nothing new of ``queue`` shall start."""
        return (QUEUE, queue, PAUSED) in self._said

    def is_draining(self, queue: str) -> bool:
        """Whether somebody has said that ``queue`` shall take no new tasks."""
        return (QUEUE, queue, DRAINING) in self._said

    def state(self, queue: str, state: str) -> Override | None:
        """Who has said :data:`PAUSED` or :data:`DRAINING` of ``queue``, if anybody has."""
        return self._said.get((QUEUE, queue, state))

    def may_start(self, queue: str) -> bool:
        """Whether tasks of ``queue`` may start: it is not paused, as far as is known."""
        return self.is_known and not self.is_paused(queue)

    def may_run(self, task_type: str) -> bool:
        """Whether this process knows ``task_type``, and nobody has disabled it."""
        catalogue = self._catalogue
        return task_type in catalogue.task_types and task_type not in catalogue.disabled_task_types

    def require_open(self, queue: str) -> None:
        """Return if ``queue`` takes new tasks.

        Raises:
            QueueDrainingError: it takes none.
        """
        if self.is_draining(queue):
            raise QueueDrainingError(queue)

    def on_change(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Call ``listener`` whenever a policy has changed, until what is returned is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    # -- reading -----------------------------------------------------------------------------

    async def present(self) -> Catalogue:
        """:attr:`catalogue`, read just now if nobody refreshes it in the background.

        Raises:
            LedgerUnavailableError: the overrides were never read, and the database is away.
        """
        if self._is_stale:
            # Of many callers, one reads for all.
            async with self._asking:
                if self._is_stale:
                    await self.refresh()
        return self._catalogue

    @property
    def _is_stale(self) -> bool:
        if self._read_at is None:
            return True
        return not self.is_watched and time.monotonic() - self._read_at > _FRESH_FOR

    async def refresh(self) -> None:
        """Read the overrides; whatever was committed before this call is in force after it.

        Raises:
            LedgerUnavailableError: the database is away; what is known stays in force.
        """
        # One at a time: of two readers the one that read earlier could come later.
        async with self._reading:
            try:
                found = await self._overrides.all()
            except LedgerUnavailableError as error:
                self._unread = f": {error}"
                raise
            first, self._read_at = self._read_at is None, time.monotonic()
            if self._take(found) or first:
                for listener in list(self._listeners):
                    listener()

    def _take(self, found: Sequence[Override]) -> bool:
        """Put ``found`` in force; returns whether that changed anything."""
        if found == self._rows:
            return False
        states, known = self._readable(found)
        in_force = fitting(known, self._fault)
        for row, error in in_force.refused:
            self._complain(row, error)
        tuned = self._tuned(in_force.values)
        self._rows, self._values = found, in_force.values
        before, self._said = (
            self._said,
            {(each.kind, each.name, each.knob): each for each in (*states, *in_force.honoured)},
        )
        if before == self._said:
            return False
        self._catalogue = tuned
        self._log_changes(before)
        return True

    def _readable(self, rows: Sequence[Override]) -> tuple[list[Override], list[Read]]:
        """The states among ``rows``, and what else can be read: all of queues first."""
        states: list[Override] = []
        known: list[Read] = []
        order = list(self._kinds)
        # A plugin may be gone, or a newer version have a kind or a knob that this one has not.
        mine = [row for row in rows if row.kind in order]
        for row in sorted(mine, key=lambda each: order.index(each.kind)):
            if row.kind == QUEUE and row.knob in _STATES:
                # Also of a queue whose plugin is absent: its tasks wait, and it may come back.
                states.append(row)
            elif row.name not in self._names(row.kind):
                continue
            elif knob := self._knobs[row.kind].get(row.knob):
                try:
                    known.append((row, knob.read(row.value)))
                except ValueError as error:
                    self._complain(row, error)
        return states, known

    def _fault(self, said: Values) -> DeclarationError | None:
        """What keeps ``said`` from being in force, if anything does."""
        try:
            self._tuned(said)
        except DeclarationError as error:
            return error
        return None

    def _tuned(self, said: Values) -> Catalogue:
        """The declarations with what variables and files say, and what operators say over that."""
        merged = {}
        for kind in self._kinds:
            settings, by_operators = self._settings.get(kind, {}), said.get(kind, {})
            merged[kind] = {
                name: {
                    **{field: each.value for field, each in settings.get(name, {}).items()},
                    **by_operators.get(name, {}),
                }
                for name in settings.keys() | by_operators.keys()
            }
        return self._declared.tuned(merged.get(QUEUE, {}), merged.get(PROVIDER), merged.get(TASK))

    def _names(self, kind: str) -> Mapping[str, object]:
        declared = self._declared
        return {
            QUEUE: declared.queues,
            PROVIDER: declared.providers,
            TASK: declared.task_types,
        }[kind]

    def _complain(self, refused: Override, error: ValueError) -> None:
        key = refused.kind, refused.name, refused.knob, refused.value
        if key not in self._refused:
            self._refused.add(key)
            message = "%s %r: the operator's %s=%s is not honoured: %s"
            word = self._kinds[refused.kind].word
            _log.error(message, word, refused.name, refused.knob, refused.value, error)

    def _log_changes(self, before: Said) -> None:
        for kind, name, knob in sorted(before.keys() | self._said.keys()):
            old, new = before.get((kind, name, knob)), self._said.get((kind, name, knob))
            word = self._kinds[kind].word
            if new is not None and (old is None or old.value != new.value):
                _log.info("%s %r: %s is %s (by %s)", word, name, knob, new.value, new.changed_by)
            elif new is None:
                back = "false" if knob in _STATES else self.claims(kind, name, knob)[0].value
                _log.info("%s %r: %s is %s again", word, name, knob, back)

    # -- showing -----------------------------------------------------------------------------

    def claims(self, kind: str, name: str, knob: str) -> list[Claim]:
        """All that is said of one thing at present; the first counts."""
        return self._claims.of(kind, name, self._knobs[kind][knob], self._said)

    def non_retryable(self, task_type: str) -> Claim:
        """Which errors of ``task_type`` are not tried again, and who says so."""
        return self._claims.non_retryable(task_type)

    def knobs(self, kind: str, name: str) -> Sequence[Knob]:
        """What can be said of the one called ``name``."""
        return self._claims.knobs(kind, name)

    def describe_queue(self, queue: str) -> QueuePolicy:
        """The present policy of ``queue``, with who says what; empty if nobody declares it."""
        return QueuePolicy(
            name=queue,
            paused=self.is_paused(queue),
            draining=self.is_draining(queue),
            policy=self._policy(QUEUE, queue) if queue in self._declared.queues else {},
        )

    def describe_provider(self, provider: str) -> ProviderPolicy:
        """The present policy of ``provider``, with who says what.

        Raises:
            ProviderNotFoundError: with the nearest known name.
        """
        self._declared.provider(provider)
        return ProviderPolicy(name=provider, policy=self._policy(PROVIDER, provider))

    def _policy(self, kind: str, name: str) -> dict[str, PolicyValue]:
        return {
            each.field: _shown(self.claims(kind, name, each.field)[0])
            for each in self.knobs(kind, name)
        }

    def disabled(self) -> dict[str, PolicyValue]:
        """The task types that are switched off, and who says so."""
        return {
            name: _shown(self.claims(TASK, name, ENABLED)[0])
            for name in self._catalogue.disabled_task_types
        }

    # -- changing ----------------------------------------------------------------------------

    async def change(
        self, kind: str, name: str, values: Mapping[str, str | None], *, by: str
    ) -> None:
        """Say ``values`` of something, by knob; ``None`` takes one back. All of them or none.

        Args:
            kind: ``queue``, ``task`` or ``provider``.
            name: which one.
            values: as one would write them into the variables.
            by: who says it.

        Raises:
            UnknownQueueError: with the nearest known name.
            UnknownTaskTypeError: the same.
            ProviderNotFoundError: the same.
            InvalidPolicyError: naming each knob that cannot be set so; nothing is changed.
            LedgerUnavailableError: the database is away.
        """
        self._require(kind, name)
        # What is said here has to go with what others have said before.
        await self.refresh()
        faults = list(self._faults(kind, name, values))
        if faults:
            raise InvalidPolicyError(faults, of=f"{self._kinds[kind].word} {name!r}")
        await self._write(kind, name, values, by=by)

    async def reset(self, kind: str, name: str, *, by: str) -> None:
        """Take back all that operators said of something; see :meth:`change`."""
        await self.change(kind, name, dict.fromkeys(self._knobs[kind]), by=by)

    async def switch(self, queue: str, states: Mapping[str, bool], *, by: str) -> None:
        """Switch :data:`PAUSED` and :data:`DRAINING` of ``queue`` on or off, whoever declares it.

        Raises:
            LedgerUnavailableError: the database is away.
        """
        values = {state: _ON if is_on else None for state, is_on in states.items()}
        await self._write(QUEUE, queue, values, by=by)

    def _require(self, kind: str, name: str) -> None:
        declared = self._declared
        look_up: dict[str, Callable[[str], object]] = {
            QUEUE: declared.queue,
            PROVIDER: declared.provider,
            TASK: declared.task_type,
        }
        look_up[kind](name)

    async def _write(
        self, kind: str, name: str, values: Mapping[str, str | None], *, by: str
    ) -> None:
        await self._overrides.write(kind, name, values, by=by)
        await self.refresh()

    def _faults(
        self, kind: str, name: str, values: Mapping[str, str | None]
    ) -> Iterator[PolicyFault]:
        """What is wrong with saying ``values``, with what was said before."""
        word, knobs = self._kinds[kind].word, self._knobs[kind]
        said = {
            knob: each.value
            for (of, who, knob), each in self._said.items()
            if (of, who) == (kind, name)
        }
        fields: dict[str, Any] = {}
        found = False
        for field, text in {**said, **values}.items():
            knob = knobs.get(field)
            if knob is None:
                if field in values:
                    found = True
                    yield self._unknown(kind, field)
            elif text is not None:
                try:
                    fields[field] = knob.read(text)
                except ValueError as error:
                    found = True
                    message = f"expected {field} of {word} {name!r} to be {error}, got {text!r}"
                    yield PolicyFault(field, message, f"{knob.doc} null takes it back")
        if found:
            return
        fault = self._fault(replaced(self._values, kind, name, fields))
        if fault is not None:
            yield PolicyFault(", ".join(values), str(fault), "change one of them")

    def _unknown(self, kind: str, field: str) -> PolicyFault:
        word, knobs = self._kinds[kind].word, self._knobs[kind]
        if kind == QUEUE and field in _STATES:
            remedy = f"{'pause' if field == PAUSED else 'drain'} the queue, or resume it"
        elif hint := did_you_mean(field, knobs):
            remedy = hint
        else:
            remedy = f"what can be said of a {word} is {', '.join(knobs)}"
        return PolicyFault(field, f"{field!r} cannot be set of a {word}", remedy)


def _shown(claim: Claim) -> PolicyValue:
    return PolicyValue(
        value=claim.value,
        origin=claim.origin,
        source=claim.source,
        changed_at=claim.changed_at,
    )
