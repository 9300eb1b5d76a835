"""The mutants that there are."""

from __future__ import annotations

from tests.chaos.build import Change
from tests.chaos.mutants.mutant import Mutant

MUTANTS = (
    Mutant(
        name="acknowledge_before_commit",
        why="a worker that dies, or a database that is away, leaves a task that nobody knows of",
        changes=(
            Change(
                file="broker/consumer.py",
                old="            recorded = await self._outcomes.write(outcome)\n",
                new=(
                    "            if outcome.status is not Status.PENDING:\n"
                    "                self._settlements.append(_settle(delivery, outcome))\n"
                    "                self._changed.set()\n"
                    "            recorded = await self._outcomes.write(outcome)\n"
                ),
            ),
        ),
        caught_by=frozenset({"running_tasks_are_in_the_engine"}),
    ),
    Mutant(
        name="retry_engine_first",
        why="a retry overtakes the outcome that it follows from, and looks like a loss",
        changes=(
            Change(
                file="broker/consumer.py",
                old="            recorded = await self._outcomes.write(outcome)\n",
                new=(
                    "            if outcome.status is Status.PENDING:\n"
                    "                self._settlements.append(_settle(delivery, outcome))\n"
                    "                self._changed.set()\n"
                    "            recorded = await self._outcomes.write(outcome)\n"
                ),
            ),
        ),
        caught_by=frozenset({"losses_are_deaths"}),
    ),
    Mutant(
        name="no_adoption",
        why="whoever runs a task while Redis is wiped loses it",
        changes=(
            Change(
                file="engine/scripts/renew.lua",
                old="elseif score ~= '' and not",
                new="elseif false and not",
            ),
        ),
        caught_by=frozenset({"losses_are_deaths"}),
    ),
    Mutant(
        name="hand_back_is_a_loss",
        why="a few rolling updates fail a task that is innocent",
        changes=(
            Change(
                file="ledger/queries/postgresql/record_outcomes.sql",
                old="        attempts = task.attempts - outcome.refund,\n",
                new=(
                    "        attempts = task.attempts - outcome.refund,\n"
                    "        losses = task.losses + outcome.refund,\n"
                ),
            ),
        ),
        caught_by=frozenset({"losses_are_counted"}),
    ),
    Mutant(
        name="no_fence",
        why="a run that was superseded writes its outcome over the present one's",
        changes=(
            Change(
                file="ledger/queries/postgresql/record_outcomes.sql",
                old="task.id = outcome.id AND task.run = outcome.run AND task.status = 'running'",
                new="task.id = outcome.id AND task.status = 'running'",
            ),
        ),
        caught_by=frozenset({"outcomes_are_of_the_last_run"}),
    ),
    Mutant(
        name="no_gate",
        why="a stale id that Redis hands out starts a task that has ended",
        changes=(
            Change(
                file="ledger/queries/postgresql/start_tasks.sql",
                old="    AND status IN ('pending', 'running')\n",
                new="",
            ),
            Change(
                file="ledger/queries/postgresql/start_tasks.sql",
                old="    run = run + 1,\n",
                new="    run = run + 1,\n    finished_at = NULL,\n",
            ),
        ),
        caught_by=frozenset({"outcomes_stand", "tasks_end_once"}),
    ),
    Mutant(
        name="heartbeat_on_the_loop",
        why="a handler that blocks the event loop loses its task",
        changes=(
            Change(
                file="worker/heartbeat_thread.py",
                old="                self._beat(loop)\n",
                new=(
                    "                async def beat() -> None:\n"
                    "                    self._beat(loop)\n\n"
                    "                asyncio.run_coroutine_threadsafe(beat(), loop).result()\n"
                ),
            ),
        ),
        caught_by=frozenset({"losses_are_deaths"}),
    ),
    Mutant(
        name="script_without_epoch_check",
        why="a process goes on in a queue that a newer version took over",
        changes=(
            Change(
                file="engine/scripts/claim.lua",
                old="if redis.call('GET', epoch) ~= ARGV[1] then",
                new="if false then",
            ),
        ),
        caught_by=frozenset({"newer_layouts_are_left_alone"}),
    ),
)
