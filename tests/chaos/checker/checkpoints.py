"""What was kept is not done again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tests.chaos.checker.circumstances import Circumstances
from tests.chaos.checker.finding import Finding


def kept_steps_are_not_repeated(circumstances: Circumstances) -> Iterator[Finding]:
    """A step is not done once more after its checkpoint was committed, whatever died.

    What a run does that does not know yet that it was given up, is nobody's fault: its checkpoints
    are refused.
    """
    saves = defaultdict(list)
    for each in circumstances.evidence.saves:
        saves[each.task_id].append(each)
    for step in circumstances.evidence.steps:
        kept = [
            save
            for save in saves[step.task_id]
            if save.number >= step.number and save.run <= step.run and save.at < step.at
        ]
        if kept:
            yield Finding(
                message=f"step {step.number} of task {step.task_id} was kept, and done again",
                proof=[step, *kept, *circumstances.story(step.task_id)],
            )
    for task_id, kept in saves.items():
        numbers = [each.number for each in kept]
        if numbers != sorted(numbers):
            yield Finding(
                message=f"the checkpoint of task {task_id} was overwritten by an earlier one",
                proof=[*kept, *circumstances.story(task_id)],
            )
