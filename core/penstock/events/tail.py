"""The newest events of one stream, in memory, for all who follow it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice

from penstock.events.event import BEGINNING, GAP, Event, Position
from penstock.events.streams import Page

_MOST_EVENTS = 2048
# Smaller, and a crowd that lags for some seconds would read the stream, each for itself.
_MOST_BYTES = 256 * 1024


class Tail:
    """Takes pages as they are read, and gives each follower what comes after its place.

    It is bounded: whoever is further behind than it reaches has to read the stream. Places in it
    are counted from the first event that it ever had, and stay the same.

    Attributes:
        position: behind which the stream is to be read next; ``None`` before it was read at all.
    """

    def __init__(self) -> None:
        self.position: Position | None = None
        self._events: deque[Event] = deque()
        self._bytes = 0
        self._dropped = 0
        # Whatever the stream has behind this position is here.
        self._since = BEGINNING
        self._newest: Event | None = None

    @property
    def start(self) -> int:
        """The place of its first event."""
        return self._dropped

    @property
    def end(self) -> int:
        """The place behind its last event."""
        return self._dropped + len(self._events)

    def take(self, page: Page) -> bool:
        """Append what was read behind :attr:`position`; says whether there is anything new."""
        events = list(page.events)
        is_first, end = self.position is None, self.end
        if self.position is None:
            self.position = BEGINNING
            if not page.has_all and events:
                # Whoever wants more than this finds out by reading how much of it there is.
                self._newest = events.pop(0)
                self._since = self.position = self._newest.position or BEGINNING
        elif not page.has_all and events and not self._goes_on_with(events[0]):
            self._append(GAP)
        for event in events:
            self._append(event)
            self._newest = event
        if events:
            self.position = events[-1].position
        elif not page.has_all:
            # It expired, or Redis forgot it: another one may begin.
            self.position = BEGINNING
        return is_first or self.end > end

    def lose(self) -> None:
        """Note that the stream could not be read, and never will be."""
        self.position = self.position or BEGINNING
        self._append(GAP)

    def place_of(self, position: Position) -> int | None:
        """The place behind ``position``, if that is known here; else the stream has to be read."""
        if self.position is None:
            return None
        if position == self._since:
            return self._dropped
        for place in range(len(self._events) - 1, -1, -1):
            if self._events[place].position == position:
                return self._dropped + place + 1
        return None

    def place_behind(self, position: Position) -> int | None:
        """The place of the first event that comes after ``position``, if none is missing here."""
        if self.position is None or position < self._since:
            return None
        for place, event in enumerate(self._events):
            if event.position is not None and event.position > position:
                return self._dropped + place
        return self.end

    def events_from(self, place: int) -> Sequence[Event] | None:
        """The events from ``place`` on, or ``None`` if some of them are not here any more."""
        if place < self._dropped:
            return None
        return list(islice(self._events, place - self._dropped, None))

    def _goes_on_with(self, event: Event) -> bool:
        """Whether ``event`` comes right after the newest one, though that is in no stream now."""
        newest = self._newest
        if newest is None or newest.number is None:
            return event.number == 0
        return event.number in {0, newest.number + 1}

    def _append(self, event: Event) -> None:
        self._events.append(event)
        self._bytes += len(event.data)
        while len(self._events) > _MOST_EVENTS or (
            self._bytes > _MOST_BYTES and len(self._events) > 1
        ):
            oldest = self._events.popleft()
            self._bytes -= len(oldest.data)
            self._dropped += 1
            self._since = oldest.position or self._since
