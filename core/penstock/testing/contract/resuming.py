"""Deaths of workers: a task goes on from its checkpoint, and a second delivery changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.testing.contract.outputs import plain, shown
from penstock.testing.contract.paid_calls import PaidCalls
from penstock.testing.contract.trial import Alone, Trial
from penstock.testing.harness import Harness

_MOST_CHECKPOINTS = 5


async def after_checkpoints(trial: Trial, harness: Harness) -> Iterator[str]:
    """What goes wrong when the worker dies right after a checkpoint was saved."""
    alone = await trial.alone(harness, trial.inputs[0])
    found: list[str] = []
    for number, name in enumerate(alone.run.saves[:_MOST_CHECKPOINTS], start=1):
        where = f"killed right after it had saved checkpoint {name!r} ({number} of "
        where += f"{len(alone.run.saves)})"
        with PaidCalls.counted(trial.paid_calls) as paid:
            run = await harness.start(trial.task_type, alone.input, crash_after=number)
        paid.charged = run.charged
        if run.error is not None:
            found.append(
                f"{trial.what} does not go on, {where}: it failed with {run.error.code!r}: "
                f"{run.error.message}; what a run needs after a checkpoint has to be in it"
            )
        elif await trial.differs(harness, alone, run):
            found.append(
                f"{trial.what} gives another output, {where}: {shown(plain(run))}, expected "
                f"{shown(alone.output)} as without the death; save all that the output depends on"
            )
        found += _paid_again(trial, where, paid, alone)
    return iter(found)


async def again(trial: Trial, harness: Harness) -> Iterator[str]:
    """What a second delivery of a task that has ended changes."""
    alone = await trial.alone(harness, trial.inputs[0])
    found: list[str] = []
    where = "delivered again after it had ended (its worker was thought dead)"
    children = [each.id for each in alone.run.children]
    run = await harness.start(trial.task_type, alone.input, redelivery_of=alone.run)
    if run.error is not None:
        found.append(
            f"{trial.what} fails when it is {where}: {run.error.code!r}: {run.error.message}; a "
            "run may find what an earlier one left"
        )
    elif await trial.differs(harness, alone, run):
        found.append(
            f"{trial.what} gives another output when it is {where}: {shown(plain(run))}, "
            f"expected {shown(alone.output)}; keep what changes in a checkpoint"
        )
    twins = [each for each in run.children if each.id not in children]
    if twins:
        found.append(
            f"{trial.what} enqueued {len(twins)} children more when it was {where}: "
            f"{', '.join(each.type for each in twins)}; give each child the same name in every "
            "run, then there is one of each"
        )
    return iter(found)


def _paid_again(trial: Trial, where: str, paid: PaidCalls, alone: Alone) -> list[str]:
    more = paid.beyond(alone.paid)
    if not more:
        return []
    message = (
        f"{trial.what} pays twice, {where}: {'; '.join(more)}, counted over both runs. Load the "
        "checkpoint first, and call only if there is none:\n"
        '    operation = await ctx.load("operation", Operation)\n'
        "    if operation is None:\n"
        "        operation = await submit(…)\n"
        '        await ctx.save("operation", operation)'
    )
    return [message]
