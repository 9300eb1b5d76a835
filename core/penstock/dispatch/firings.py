"""Which instants of a schedule are over, and which tasks they make."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from penstock.declarations import Misfire, Recurrence
from penstock.dispatch.derived_id import uuid7_of


class Plan(NamedTuple):
    """What is to be done at one moment.

    ``instants`` make a task each, ``next_run_at`` is the first one after them. ``missed`` is the
    first instant that nobody was there for, if there is one.
    """

    instants: Sequence[datetime]
    next_run_at: datetime
    missed: datetime | None


def plan(
    recurrence: Recurrence,
    *,
    next_run_at: datetime,
    now: datetime,
    misfire: Misfire,
    grace: timedelta,
    limit: int,
) -> Plan:
    """What to do of a schedule whose ``next_run_at`` is over.

    Instants that are late by no more than ``grace`` make a task each, the oldest first and no more
    than ``limit`` at once. Older ones make none, or with ``run_once`` one together: that of the
    first of them.
    """
    instants: list[datetime] = []
    missed = next_run_at if next_run_at < now - grace else None
    instant = next_run_at
    if missed is not None:
        if misfire == "run_once":
            instants.append(missed)
        instant = recurrence.next_from(now - grace)
    while instant <= now and len(instants) < limit:
        instants.append(instant)
        instant = recurrence.next_after(instant)
    return Plan(instants, instant, missed)


def task_id_of(schedule: UUID, instant: datetime) -> UUID:
    """The id of the task that an instant makes: a UUIDv7 of that moment, the same in any process.

    So the ledger takes the task of an instant once, whatever else goes wrong.
    """
    digest = hashlib.sha256(f"{schedule}|{instant.timestamp():.6f}".encode()).digest()
    return uuid7_of(int(instant.timestamp() * 1000), digest[:10])
