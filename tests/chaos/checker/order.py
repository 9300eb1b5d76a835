"""Who is next."""

from __future__ import annotations

from collections.abc import Iterator

from tests.chaos.checker.circumstances import Circumstances
from tests.chaos.checker.finding import Finding

# A score is its band times this, plus what orders within the band.
_BAND = 2**48


def higher_bands_go_first(circumstances: Circumstances) -> Iterator[Finding]:
    """When a task is handed out, nothing of a higher band is left waiting."""
    for each in circumstances.evidence.claims:
        if each.lowest_left is not None and each.lowest_left // _BAND < each.score // _BAND:
            yield Finding(
                message=(
                    f"task {each.task_id} of band {each.score // _BAND:.0f} was handed out while "
                    f"band {each.lowest_left // _BAND:.0f} was waiting in queue {each.queue!r}"
                ),
                proof=[each, *circumstances.story(each.task_id)],
            )
