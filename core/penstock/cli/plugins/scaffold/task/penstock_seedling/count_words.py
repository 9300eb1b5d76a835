"""The task type ``seedling.count-words``."""

from datetime import timedelta
from typing import Annotated

import msgspec
from penstock import Context, PermanentError, task

from penstock_seedling.queues import SEEDLING
from penstock_seedling.settings import SeedlingSettings


class CountWords(msgspec.Struct, forbid_unknown_fields=True):
    """Texts whose words are to be counted."""

    texts: Annotated[list[str], msgspec.Meta(min_length=1)]


class WordCounts(msgspec.Struct):
    """How many words each text has, in the order of the texts, and all of them."""

    counts: list[int]
    total: int


@task(
    "seedling.count-words",
    queue=SEEDLING,
    timeout=timedelta(minutes=1),
    examples=[CountWords(texts=["one two", "three"])],
)
async def count_words(request: CountWords, ctx: Context) -> WordCounts:
    """Count the words of each text.

    Raises:
        PermanentError: ``too_many_texts``: more than the operator allows.
    """
    most = ctx.settings(SeedlingSettings).most_texts
    if len(request.texts) > most:
        message = f"expected at most {most} texts, got {len(request.texts)}; send them in parts"
        raise PermanentError(message, code="too_many_texts")
    # What a dead worker has done, the next one need not do again.
    counts = await ctx.load("counts", list[int]) or []
    for text in request.texts[len(counts) :]:
        # Import what is heavy here, and not at the top: the API imports this module too.
        counts.append(len(text.split()))
        await ctx.save("counts", counts)
        await ctx.progress(100 * len(counts) / len(request.texts), f"{len(counts)} counted")
    return WordCounts(counts=counts, total=sum(counts))
