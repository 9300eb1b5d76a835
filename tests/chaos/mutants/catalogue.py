"""The mutants that there are."""

from __future__ import annotations

from tests.chaos.build import Change
from tests.chaos.mutants.mutant import Mutant

_WRITE = "        writing: asyncio.Future[Any] | None = None\n"
_SETTLE = (
    "            self._settlements.append(self._settle(delivery, outcome))\n"
    "            self._changed.set()\n"
)

MUTANTS = (
    Mutant(
        name="acknowledge_before_commit",
        why="a worker that dies, or a database that is away, leaves a task that nobody knows of",
        changes=(
            Change(
                file="broker/consumer.py",
                old=_WRITE,
                new=f"        if outcome.status is not Status.PENDING:\n{_SETTLE}{_WRITE}",
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
                old=_WRITE,
                new=f"        if outcome.status is Status.PENDING:\n{_SETTLE}{_WRITE}",
            ),
        ),
        caught_by=frozenset({"running_tasks_are_not_handed_out", "losses_are_deaths"}),
    ),
    Mutant(
        name="epoch_ignored",
        why="a new index knows nothing of what runs, and whoever runs it does not tell",
        changes=(
            Change(
                file="engine/scripts/enqueue.lua",
                old="    elseif how == 'running' then\n",
                new="    elseif false then\n",
            ),
            Change(
                file="engine/scripts/renew.lua",
                old=(
                    "  local mine = held == token or held == NOBODY "
                    "or held and is_later(token, claim_of(held))\n"
                ),
                new="  local mine = held == token\n",
            ),
            Change(
                file="engine/scripts/renew.lua",
                old="  if not held and (info == LOST or lost == LOST or may_be_lost) then\n",
                new="  if false then\n",
            ),
        ),
        caught_by=frozenset({"losses_are_deaths"}),
    ),
    Mutant(
        name="audit_without_rereading",
        why="what ends while the engine is asked is put in line once more",
        changes=(
            Change(
                file="dispatch/audit.py",
                old="await self._ledger.still_open(ids) if ids else []\n",
                new="[each for each in tasks if each.id in ids]\n",
            ),
        ),
        caught_by=frozenset({"ended_tasks_are_not_handed_out"}),
    ),
    Mutant(
        name="leases_in_a_counter",
        why="a lost lease is never counted down, and a wipe forgets what runs",
        changes=(
            Change(
                file="engine/scripts/claim.lua",
                old="  capacity = global_concurrency - redis.call('ZCARD', leases)\n",
                new=(
                    "  capacity = global_concurrency - "
                    "tonumber(redis.call('GET', leases .. ':count') or 0)\n"
                ),
            ),
            Change(
                file="engine/scripts/claim.lua",
                old="  tokens[#tokens + 1] = held .. ':' .. score\n",
                new=(
                    "  tokens[#tokens + 1] = held .. ':' .. score\n"
                    "  redis.call('INCR', leases .. ':count')\n"
                ),
            ),
            Change(
                file="engine/scripts/claim.lua",
                old="    if kind == 'presume' then\n",
                new=(
                    "    if kind ~= 'presume' then\n"
                    "      redis.call('DECR', leases .. ':count')\n"
                    "    end\n"
                    "    if kind == 'presume' then\n"
                ),
            ),
        ),
        caught_by=frozenset({"global_concurrency_holds", "tasks_end_once"}),
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
                old="    AND task.cancel_requested_at IS NULL\n    AND (\n",
                new="    AND (\n        true OR\n",
            ),
            Change(
                file="ledger/queries/postgresql/start_tasks.sql",
                old="    status = 'running',\n",
                new="    status = 'running',\n    finished_at = NULL,\n",
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
                old="                well &= self._try(beat, queue)\n",
                new=(
                    "                async def on_loop(beat=beat, queue=queue):\n"
                    "                    return self._try(beat, queue)\n\n"
                    "                well &= asyncio.run_coroutine_threadsafe(\n"
                    "                    on_loop(), loop\n"
                    "                ).result()\n"
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
                file="engine/scripts/prelude.lua",
                old="if redis.call('GET', epoch) ~= ARGV[1] then",
                new="if false then",
            ),
        ),
        caught_by=frozenset({"newer_layouts_are_left_alone"}),
    ),
    Mutant(
        name="callback_without_compare_and_set",
        why="whoever sees that a batch is complete has its callback run, also if somebody else did",
        changes=(
            Change(
                file="ledger/batch_table.py",
                old="            .where(BatchRow.id == batch_id, *_IS_COMPLETE)\n",
                new="            .where(BatchRow.id == batch_id, *_IS_COMPLETE[1:])\n",
            ),
            Change(
                file="dispatch/batch_completion.py",
                old='derived_id(batch_id, "callback")\n',
                new="derived_id(batch_id, str(id(object())))\n",
            ),
        ),
        caught_by=frozenset({"batches_finish_once"}),
    ),
    Mutant(
        name="batch_finished_while_tasks_run",
        why="the callback of a batch overtakes its last tasks",
        changes=(
            Change(
                file="ledger/batch_table.py",
                old="    BatchRow.sealed_at.is_not(None),\n    ~_OPEN,\n",
                new="    BatchRow.sealed_at.is_not(None),\n",
            ),
        ),
        caught_by=frozenset({"callbacks_come_last"}),
    ),
    Mutant(
        name="children_with_random_ids",
        why="a parent that runs again has twins of the children that it had before",
        changes=(
            Change(
                file="broker/children.py",
                old="            id=derived_id(parent.id, name),\n",
                new="            id=None,\n",
            ),
        ),
        caught_by=frozenset({"children_are_there_once"}),
    ),
)
