"""Live events: what runs of a task say meanwhile, as one capped, expiring Redis stream per task.

Nothing here is the truth about anything: while Redis is away events are dropped, and a task's
status is never among them; that is read from the ledger.
"""

from penstock.events.event import BEGINNING, GAP, Event, Position
from penstock.events.streams import EventStreams, Page
from penstock.events.tail import Tail
from penstock.events.writer import EventWriter, RunEvents

__all__ = [
    "BEGINNING",
    "GAP",
    "Event",
    "EventStreams",
    "EventWriter",
    "Page",
    "Position",
    "RunEvents",
    "Tail",
]
