"""Having a model write: its text is shown live, and what there was of it is kept if it is cut."""

import math

import msgspec

from penstock import Context, TransientError
from penstock_ai.long_text import storable
from penstock_ai.model_use import charge
from penstock_ai.providers.incomplete import IncompleteOutputError
from penstock_ai.providers.messages import Completion, Prompt
from penstock_ai.providers.session import ModelSession

_START, _END = 5, 85
_TYPICAL_LENGTH = 3000
"""Characters. Nobody knows how long the text will be: after so many the bar is past its half."""


async def write(provider: ModelSession, prompt: Prompt, ctx: Context) -> Completion:
    """The provider's complete text; as it arrives, it is told by deltas, with progress to 85 %.

    Raises:
        TransientError: ``incomplete_output``, with the partial text as an artifact named
            ``partial-attempt-N.txt``; others as :class:`~penstock_ai.ModelClient`.
        TaskError: see there.
    """
    told = 0

    async def on_text(text: str) -> None:
        nonlocal told
        await ctx.delta(text[told:])
        told = len(text)
        share = 1 - math.exp(-len(text) / _TYPICAL_LENGTH)
        percent = _START + (_END - _START) * share
        await ctx.progress(percent, f"{len(text):,} characters so far")

    await ctx.progress(_START, f"asking {provider.name}")
    try:
        completion = await provider.complete(prompt, on_text)
    except IncompleteOutputError as error:
        if not error.partial:
            raise
        artifact = await ctx.artifacts.put(
            f"partial-attempt-{ctx.attempt}.txt",
            storable(error.partial).encode(),
            content_type="text/plain; charset=utf-8",
        )
        message = f"{error}; partial kept as artifact {artifact.name!r} ({artifact.id})"
        raise TransientError(message, retry_after=error.retry_after, code=error.code) from error
    await charge(ctx, completion.usage)
    return msgspec.structs.replace(completion, text=storable(completion.text))
