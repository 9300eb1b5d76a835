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
from tests.chaos.slowness import SlownessWatch
from tests.chaos.world import World

# Longer than anything that follows the last outcome: heartbeats, audits, expiring keys.
_REST = 3.0
# The poster goes on until everything is accepted, however far it fell behind.
_POSTING = 60.0


def run(
    options: Options, say: Callable[[str], None], changes: Iterable[Change] = ()
) -> tuple[Plan, Evidence]:
    """Carry out the plan of ``options``, on a core with ``changes``."""
    plan = Plan.draw(
        options.seed,
        tasks=options.tasks,
        faults=options.faults,
        kinds=options.kinds,
        scale=options.scale,
    )
    with _folder(options.keep) as folder:
        core = build(folder / "core", changes)
        with world.started(
            folder,
            core=core,
            workers=options.workers,
            apis=options.apis,
            lease=options.lease,
            redis=options.redis,
        ) as everything:
            return plan, _break(everything, plan, options, say)


def _break(everything: World, plan: Plan, options: Options, say: Callable[[str], None]) -> Evidence:
    poster = Poster([*plan.tasks, *plan.parents], plan.batches, everything.apis)
    sampler = Sampler(everything)
    slowness = SlownessWatch()
    say(f"{len(plan.tasks)} tasks and {len(plan.faults)} faults in {plan.seconds:.0f} s")
    poster.start()
    sampler.start()
    slowness.start()
    faults = schedule.carry_out(everything, plan.faults, say)
    quiet_since = time.time_ns()
    everything.fleet.replace_old()
    if not quiet.wait_until(everything, lambda: poster.is_done, _POSTING + plan.seconds):
        say("posting takes too long: given up")
    poster.stop()
    say("waiting until every task has ended")
    drained = quiet.wait_until(everything, everything.is_drained, options.patience)
    quiet.wait(everything, _REST)
    sampler.stop()
    slowness.stop()
    leftovers = quiet.leftovers(everything)
    say("gathering the evidence")
    ledger = asyncio.run(ledger_log.read(everything.dsn))
    with everything.execution_log.open() as lines:
        handlers = execution_log.read(lines)
    engine = engine_log.read(each.log_path for each in everything.servers)
    return Evidence(
        lease=options.lease,
        drained=drained,
        posts=poster.posts,
        requests=poster.requests,
        batch_posts=poster.batch_posts,
        rows=ledger.rows,
        attempts=ledger.attempts,
        transitions=ledger.transitions,
        executions=handlers.executions,
        steps=handlers.steps,
        saves=ledger.saves,
        batches=ledger.batches,
        stalls=handlers.stalls,
        enqueued=engine.enqueued,
        refused=engine.refused,
        claims=engine.claims,
        faults=faults,
        lives=everything.fleet.lives,
        misplaced=sampler.misplaced,
        leftovers=leftovers,
        quiet_since=quiet_since,
        slowness=slowness.found,
    )


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True)
        yield kept.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="penstock-chaos-") as folder:
        yield Path(folder)
