"""What holds for each queue at present, and who says so.

An operator's override stands over a variable, a variable over the plugin's declaration, and that
over the default.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Protocol

from penstock.declarations import DeclarationError, Queue
from penstock.dispatch.errors import InvalidPolicyError, PolicyFault, QueueDrainingError
from penstock.dispatch.status import PolicyValue, QueuePolicy
from penstock.ledger import Override, Overrides
from penstock.plugins import Catalogue

PAUSED = "paused"
DRAINING = "draining"
_STATES = (PAUSED, DRAINING)
_ON = "true"
# Who reads nothing in the background looks again after so many seconds.
_FRESH_FOR = 5.0
_log = logging.getLogger(__name__)


class Knob(Protocol):
    """One thing that can be said of each queue."""

    @property
    def field(self) -> str:
        """Its name: a field of ``Queue``, or ``max_attempts`` of its retry policies."""
        ...

    @property
    def doc(self) -> str:
        """One line for people."""
        ...

    @property
    def read(self) -> Callable[[str], object]:
        """From a text to the value; its ``ValueError`` says what is expected."""
        ...

    def write(self, value: object) -> str:
        """The text that :attr:`read` makes ``value`` of."""
        ...

    def variable(self, queue: str) -> str:
        """The variable that says it of ``queue``."""
        ...


class Policies:
    """The present policy of each queue, as one process knows it.

    The overrides in the database are read by :meth:`refresh`; while the database is away, what was
    read last stays in force.

    Args:
        declared: what the plugins say.
        environment: what the variables say: queue → knob → value.
        knobs: what can be said of a queue.
        overrides: what operators say.
    """

    def __init__(
        self,
        declared: Catalogue,
        *,
        environment: Mapping[str, Mapping[str, Any]],
        knobs: Sequence[Knob],
        overrides: Overrides,
    ) -> None:
        self._declared = declared
        self._environment = environment
        self._knobs = {knob.field: knob for knob in knobs}
        self._overrides = overrides
        self._base = declared.tuned(environment)
        self._catalogue = self._base
        self._said: dict[tuple[str, str], Override] = {}
        self._refused: set[tuple[str, str, str]] = set()
        self._asking = asyncio.Lock()
        self._reading = asyncio.Lock()
        self._read_at: float | None = None
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

    def user_weights(self, queue: str) -> Mapping[str, float]:
        """The shares of the queue's users at present."""
        return self._catalogue.user_weights(queue)

    def is_paused(self, queue: str) -> bool:
        """Whether somebody has said that nothing new of ``queue`` shall start."""
        return (queue, PAUSED) in self._said

    def is_draining(self, queue: str) -> bool:
        """Whether somebody has said that ``queue`` shall take no new tasks."""
        return (queue, DRAINING) in self._said

    def may_start(self, queue: str) -> bool:
        """Whether tasks of ``queue`` may start: it is not paused, as far as is known."""
        return self.is_known and not self.is_paused(queue)

    def require_open(self, queue: str) -> None:
        """Return if ``queue`` takes new tasks.

        Raises:
            QueueDrainingError: it takes none.
        """
        if self.is_draining(queue):
            raise QueueDrainingError(queue)

    def on_change(self, listener: Callable[[], object]) -> None:
        """Call ``listener`` whenever a policy has changed."""
        self._listeners.append(listener)

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
            found = await self._overrides.all()
            first, self._read_at = self._read_at is None, time.monotonic()
            if self._take(found) or first:
                for listener in self._listeners:
                    listener()

    def _take(self, found: Sequence[Override]) -> bool:
        """Put ``found`` in force; returns whether that changed anything."""
        said: dict[tuple[str, str], Override] = {}
        tuning: dict[str, dict[str, Any]] = {}
        for each in found:
            # A plugin may be gone, or a newer version have a knob that this one has not.
            if each.queue not in self._base.queues:
                continue
            if each.knob in _STATES:
                said[each.queue, each.knob] = each
            elif knob := self._knobs.get(each.knob):
                try:
                    value = knob.read(each.value)
                    tuned = tuning.get(each.queue, {}) | {each.knob: value}
                    self._base.tuned({each.queue: tuned})
                except ValueError as error:
                    self._complain(each, error)
                    continue
                tuning[each.queue] = tuned
                said[each.queue, each.knob] = each
        before, self._said = self._said, said
        if before == said:
            return False
        self._catalogue = self._base.tuned(tuning)
        self._log_changes(before)
        return True

    def _complain(self, refused: Override, error: ValueError) -> None:
        key = refused.queue, refused.knob, refused.value
        if key not in self._refused:
            self._refused.add(key)
            message = "queue %r: the operator's %s=%s is not honoured: %s"
            _log.error(message, refused.queue, refused.knob, refused.value, error)

    def _log_changes(self, before: Mapping[tuple[str, str], Override]) -> None:
        for queue, knob in sorted(before.keys() | self._said.keys()):
            old, new = before.get((queue, knob)), self._said.get((queue, knob))
            if new is not None and (old is None or old.value != new.value):
                _log.info("queue %r: %s is %s (by %s)", queue, knob, new.value, new.changed_by)
            elif new is None:
                back = "false" if knob in _STATES else self._value(queue, knob).value
                _log.info("queue %r: %s is %s again", queue, knob, back)

    # -- showing -----------------------------------------------------------------------------

    def describe(self, queue: str) -> QueuePolicy:
        """The present policy of ``queue``, with who says what.

        Raises:
            UnknownQueueError: with the nearest known name.
        """
        self._base.queue(queue)
        return QueuePolicy(
            name=queue,
            paused=self.is_paused(queue),
            draining=self.is_draining(queue),
            policy={knob: self._value(queue, knob) for knob in self._knobs},
        )

    def _value(self, queue: str, name: str) -> PolicyValue:
        knob = self._knobs[name]
        said = self._said.get((queue, name))
        if said is not None:
            return PolicyValue(
                value=said.value,
                origin="operator",
                source=said.changed_by,
                changed_at=said.changed_at,
            )
        value = _field(self._base.queues[queue], name)
        text = knob.write(value)
        if name in self._environment.get(queue, {}):
            return PolicyValue(value=text, origin="environment", source=knob.variable(queue))
        if value == _field(Queue("default"), name):
            return PolicyValue(value=text, origin="default")
        owners = [
            each.name
            for each in self._declared.plugins
            if any(declared.name == queue for declared in each.queues)
        ]
        return PolicyValue(value=text, origin="plugin", source=", ".join(owners))

    # -- changing ----------------------------------------------------------------------------

    async def change(self, queue: str, values: Mapping[str, str | None], *, by: str) -> None:
        """Say ``values`` of ``queue``, by knob; ``None`` takes one back. All of them or none.

        Args:
            queue: its name.
            values: as one would write them into the variables.
            by: who says it.

        Raises:
            UnknownQueueError: with the nearest known name.
            InvalidPolicyError: naming each knob that cannot be set so; nothing is changed.
            LedgerUnavailableError: the database is away.
        """
        self._base.queue(queue)
        # What is said here has to go with what others have said before.
        await self.refresh()
        self._check(queue, values)
        await self._write(queue, values, by=by)

    async def switch(self, queue: str, states: Mapping[str, bool], *, by: str) -> None:
        """Switch :data:`PAUSED` and :data:`DRAINING` of ``queue`` on or off.

        Raises:
            UnknownQueueError: with the nearest known name.
            LedgerUnavailableError: the database is away.
        """
        self._base.queue(queue)
        values = {state: _ON if is_on else None for state, is_on in states.items()}
        await self._write(queue, values, by=by)

    async def _write(self, queue: str, values: Mapping[str, str | None], *, by: str) -> None:
        await self._overrides.write(queue, values, by=by)
        await self.refresh()

    @property
    def knobs(self) -> Collection[str]:
        """The names of what can be said of a queue."""
        return self._knobs.keys()

    def _check(self, queue: str, values: Mapping[str, str | None]) -> None:
        faults = []
        said = {knob: each.value for (of, knob), each in self._said.items() if of == queue}
        merged = {**said, **values}
        fields: dict[str, Any] = {}
        for name, text in merged.items():
            knob = self._knobs.get(name)
            if knob is None:
                if name in values:
                    faults.append(self._unknown(name))
                continue
            if text is None:
                continue
            try:
                fields[name] = knob.read(text)
            except ValueError as error:
                message = f"expected {name} of queue {queue!r} to be {error}, got {text!r}"
                faults.append(PolicyFault(name, message, f"{knob.doc} null takes it back"))
        if not faults:
            try:
                self._base.tuned({queue: fields})
            except DeclarationError as error:
                faults.append(PolicyFault(", ".join(values), str(error), "change one of them"))
        if faults:
            raise InvalidPolicyError(faults)

    def _unknown(self, name: str) -> PolicyFault:
        if name in _STATES:
            remedy = f"{'pause' if name == PAUSED else 'drain'} the queue, or resume it"
        elif near := get_close_matches(name, self._knobs, n=1):
            remedy = f"did you mean {near[0]!r}?"
        else:
            remedy = f"what can be said of a queue is {', '.join(self._knobs)}"
        return PolicyFault(name, f"{name!r} cannot be set of a queue", remedy)


def _field(queue: Queue, name: str) -> object:
    return queue.retry.max_attempts if name == "max_attempts" else getattr(queue, name)
