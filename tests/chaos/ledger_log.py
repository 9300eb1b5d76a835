"""What became of every task, from the database (`ledger_log.sql` makes it keep a record)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from tests.chaos.evidence import AttemptRow, BatchRow, Row, State, Step, Transition

_ROWS = """
SELECT id, input::text AS input, type, queue, status, run, attempts, max_attempts, losses,
       created_at, finished_at, run_at, worker, user_id, error_code, result::text AS result,
       parent_id, batch_id
FROM task
"""
_BATCHES = "SELECT id, name, total, sealed_at, finished_at, callback_task_id FROM batch"
_ATTEMPTS = "SELECT task_id, run, attempt, error_code FROM task_attempt ORDER BY run"
_TRANSITIONS = """
SELECT at, task_id, before::text AS before, after::text AS after FROM chaos_transition ORDER BY n
"""
_SAVES = "SELECT at, task_id, run, step FROM chaos_save ORDER BY n"


@dataclass(frozen=True, kw_only=True)
class LedgerLog:
    """The tables at the end, and the way there."""

    rows: Mapping[UUID, Row]
    attempts: Mapping[UUID, Sequence[AttemptRow]]
    transitions: Mapping[UUID, Sequence[Transition]]
    saves: Sequence[Step]
    batches: Mapping[UUID, BatchRow]


def statements() -> str:
    """What makes a migrated database keep the record."""
    return files("tests.chaos").joinpath("ledger_log.sql").read_text()


async def read(dsn: str) -> LedgerLog:
    """Read it all, at the end."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = [_row(each) for each in await connection.fetch(_ROWS)]
        attempts: dict[UUID, list[AttemptRow]] = defaultdict(list)
        for each in await connection.fetch(_ATTEMPTS):
            attempts[each["task_id"]].append(AttemptRow(**each))
        transitions: dict[UUID, list[Transition]] = defaultdict(list)
        for each in await connection.fetch(_TRANSITIONS):
            transitions[each["task_id"]].append(
                Transition(
                    at=nanoseconds(each["at"]),
                    task_id=each["task_id"],
                    before=_state(each["before"]),
                    after=_state(each["after"]),
                )
            )
        saves = [
            Step(
                task_id=each["task_id"],
                run=each["run"],
                number=each["step"],
                at=nanoseconds(each["at"]),
            )
            for each in await connection.fetch(_SAVES)
        ]
        batches = [_batch(each) for each in await connection.fetch(_BATCHES)]
    finally:
        await connection.close()
    return LedgerLog(
        rows={each.id: each for each in rows},
        attempts=attempts,
        transitions=transitions,
        saves=saves,
        batches={each.id: each for each in batches},
    )


def nanoseconds(moment: datetime) -> int:
    """A moment since 1970."""
    return round(moment.timestamp() * 1_000_000) * 1000


def _row(found: Mapping[str, Any]) -> Row:
    result = msgspec.json.decode(found["result"]) if found["result"] else None
    order = msgspec.json.decode(found["input"])
    return Row(
        id=found["id"],
        key=order["key"],
        type=found["type"],
        queue=found["queue"],
        status=found["status"],
        run=found["run"],
        attempts=found["attempts"],
        max_attempts=found["max_attempts"],
        losses=found["losses"],
        created=nanoseconds(found["created_at"]),
        finished=nanoseconds(found["finished_at"]) if found["finished_at"] else None,
        run_at=nanoseconds(found["run_at"]) if found["run_at"] else None,
        worker=found["worker"],
        user=found["user_id"],
        error_code=found["error_code"],
        result_run=result["run"] if result else None,
        parent_id=found["parent_id"],
        batch_id=found["batch_id"],
        children=order.get("children", 0),
    )


def _batch(found: Mapping[str, Any]) -> BatchRow:
    return BatchRow(
        id=found["id"],
        name=found["name"],
        total=found["total"],
        sealed=nanoseconds(found["sealed_at"]) if found["sealed_at"] else None,
        finished=nanoseconds(found["finished_at"]) if found["finished_at"] else None,
        callback_id=found["callback_task_id"],
    )


def _state(text: str | None) -> State | None:
    return None if text is None else msgspec.json.decode(text, type=State)
