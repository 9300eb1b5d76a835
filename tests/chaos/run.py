"""A whole run: bring everything up, break it, wait until it is quiet, and gather the evidence."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos import engine_log, execution_log, ledger_log, quiet, schedule, world
from tests.chaos.build import Change, build
from tests.chaos.evidence import Evidence
from tests.chaos.options import Options
from tests.chaos.plan import Plan
from tests.chaos.posting import Poster
from tests.chaos.sampler import Sampler
from tests.chaos.world import World

# Longer than anything that follows the last outcome: heartbeats, audits, expiring keys.
_REST = 3.0
# The poster goes on until everything is accepted, however long servers were away.
_POSTING = 60.0


def run(
    options: Options, say: Callable[[str], None], changes: Iterable[Change] = ()
) -> tuple[Plan, Evidence]:
    """Carry out the plan of ``options``, on a core with ``changes``."""
    plan = Plan.draw(options.seed, tasks=options.tasks, faults=options.faults, scale=options.scale)
    with _folder(options.keep) as folder:
        core = build(folder / "core", changes)
        with world.started(
            folder,
            core=core,
            workers=options.workers,
            apis=options.apis,
            lease=options.lease,
        ) as everything:
            return plan, _break(everything, plan, options, say)


def _break(everything: World, plan: Plan, options: Options, say: Callable[[str], None]) -> Evidence:
    poster = Poster(plan.tasks, everything.apis)
    sampler = Sampler(everything)
    say(f"{options.tasks} tasks and {options.faults} faults in {plan.seconds:.0f} s")
    poster.start()
    sampler.start()
    faults = schedule.carry_out(everything, plan.faults, say)
    quiet_since = time.time_ns()
    everything.fleet.replace_old()
    accepted = poster.join(_POSTING)
    say("waiting until every task has ended" if accepted else "posting takes too long: given up")
    drained = quiet.wait_until_drained(everything, options.patience)
    quiet.wait(everything, _REST)
    sampler.stop()
    leftovers = quiet.leftovers(everything)
    say("gathering the evidence")
    ledger = asyncio.run(ledger_log.read(everything.dsn))
    with everything.execution_log.open() as lines:
        executions, stalls = execution_log.read_executions(lines)
    with everything.redis.log_path.open(errors="replace") as lines:
        claims = engine_log.read_claims(lines)
    return Evidence(
        lease=options.lease,
        drained=drained,
        posts=poster.posts,
        rows=ledger.rows,
        attempts=ledger.attempts,
        transitions=ledger.transitions,
        executions=executions,
        stalls=stalls,
        claims=claims,
        faults=faults,
        lives=everything.fleet.lives,
        misplaced=sampler.misplaced,
        leftovers=leftovers,
        quiet_since=quiet_since,
    )


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True)
        yield kept.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="penstock-chaos-") as folder:
        yield Path(folder)
