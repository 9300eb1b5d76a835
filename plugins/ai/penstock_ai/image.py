"""The task type ``ai.image``: a prompt to a model, a card, or a chart."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from penstock import Artifact, Context, task
from penstock_ai.card import Card
from penstock_ai.chart import Chart, Series
from penstock_ai.file_name import file_name
from penstock_ai.model_use import charge, image_provider_of, tokens_of
from penstock_ai.prompt_fields import ModelName, PromptText, check_exactly_one, check_model_fields
from penstock_ai.provenance import Provenance, provenance_of
from penstock_ai.providers.choice import ProviderName, choose_provider
from penstock_ai.providers.messages import PicturePrompt
from penstock_ai.providers.model_provider import Capability
from penstock_ai.queues import AI, MODEL_TIMEOUT

if TYPE_CHECKING:
    from penstock_ai.drawing import Drawing

CARD_SIZE = (1200, 630)
CHART_SIZE = (1000, 600)
MIN_CHART_SIZE = (240, 180)

Pixels = Annotated[
    int,
    msgspec.Meta(
        ge=64,
        le=4096,
        description="In pixels, together with the other side. A card is 1200 by 630 and a chart "
        "1000 by 600 without them; a model has its own sizes, and may refuse others.",
    ),
]
Format = Literal["png", "jpeg", "webp"]


class ImageInput(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to draw: exactly one of ``prompt``, ``card`` and ``chart``.

    Raises:
        ValueError: if there is none or several of them, a field that does nothing with it, or only
            one side of the size. Decoding turns it into a ``msgspec.ValidationError``.
    """

    prompt: PromptText | None = None
    card: Card | None = None
    chart: Chart | None = None
    width: Pixels | None = None
    height: Pixels | None = None
    provider: ProviderName | None = None
    model: ModelName | None = None

    def __post_init__(self) -> None:
        """Check what a type cannot say."""
        check_exactly_one(prompt=self.prompt, card=self.card, chart=self.chart)
        is_prompt = self.prompt is not None
        check_model_fields(is_prompt=is_prompt, provider=self.provider, model=self.model)
        if (self.width is None) != (self.height is None):
            message = (
                "expected 'width' and 'height' together, got "
                f"{self.width!r} and {self.height!r}; send both, or none for the usual size"
            )
            raise ValueError(message)
        if self.chart is not None and self.width is not None and self.height is not None:
            width, height = MIN_CHART_SIZE
            if self.width < width or self.height < height:
                message = (
                    f"expected a chart to be at least {width} by {height} pixels, got "
                    f"{self.width} by {self.height}; make it larger"
                )
                raise ValueError(message)


class Image(Provenance, kw_only=True, frozen=True):
    """A picture, and where it came from."""

    artifact: Artifact
    width: int
    """In pixels, as is ``height``: of the picture as it is, whatever was asked for."""
    height: int
    format: Format
    warnings: list[str] = msgspec.field(default_factory=list)
    """What of the text the picture cannot show well."""


@task(
    "ai.image",
    queue=AI,
    timeout=MODEL_TIMEOUT,
    provider=image_provider_of,
    units=tokens_of,
    examples=[
        ImageInput(
            card=Card(
                title="Nothing polls",
                subtitle="How a worker waits without asking",
                body="It sleeps until the next task is due, a lease expires or a limit opens.",
                theme="dark",
            )
        ),
        ImageInput(
            chart=Chart(
                kind="bar",
                title="Profit and loss, in thousands",
                labels=["Q1", "Q2", "Q3", "Q4"],
                series=[
                    Series(name="2025", values=[-12.5, 30, -4, 22]),
                    Series(name="2026", values=[5, 18, 40, 31]),
                ],
            )
        ),
        ImageInput(
            chart=Chart(
                kind="pie",
                title="Where the time goes",
                labels=["Waiting", "Running", "Storing"],
                series=[Series(values=[40, 35, 20])],
            ),
            width=800,
            height=450,
        ),
    ],
)
async def image(request: ImageInput, ctx: Context) -> Image:
    """Draw a picture: from a prompt by a model, or a card or a chart from its content.

    A card and a chart are PNG files of exactly the size asked for, need no model, and are the same
    for the same input. A model's file is stored as it came, once it has proved to be a picture.

    Raises:
        PermanentError: ``capability_unavailable`` if a model is needed and not there;
            ``provider_refused`` if what it sent is no PNG, JPEG or WebP picture of up to 50 million
            pixels. It was paid for, so the task does not buy another by itself.
    """
    if request.prompt is not None:
        return await _drawn_by_model(request, request.prompt, ctx)
    await ctx.progress(10, "drawing")
    drawing = await asyncio.to_thread(_draw, request)
    await ctx.progress(80, "storing the picture")
    title = request.card.title if request.card else request.chart.title if request.chart else ""
    artifact = await ctx.artifacts.put(
        file_name(title, "png", default="picture"), drawing.data, content_type="image/png"
    )
    return Image(
        artifact=artifact,
        width=drawing.width,
        height=drawing.height,
        format="png",
        warnings=list(drawing.warnings),
    )


def _draw(request: ImageInput) -> "Drawing":
    from penstock_ai.drawing import draw_card, draw_chart

    usual = CARD_SIZE if request.card else CHART_SIZE
    width, height = request.width or usual[0], request.height or usual[1]
    if request.card:
        return draw_card(request.card, width=width, height=height)
    assert request.chart is not None  # noqa: S101 - __post_init__ has seen to it
    return draw_chart(request.chart, width=width, height=height)


async def _drawn_by_model(request: ImageInput, prompt: str, ctx: Context) -> Image:
    from penstock_ai.picture import examine

    wanted = PicturePrompt(
        text=prompt, model=request.model, width=request.width, height=request.height
    )
    async with choose_provider(
        request, Capability.IMAGE, ctx, instead="a 'card' or a 'chart'"
    ) as provider:
        await ctx.progress(5, f"asking {provider.name}")
        picture = await provider.draw(wanted)
    await charge(ctx, picture.usage)
    await ctx.progress(80, "checking and storing the picture")
    found = await asyncio.to_thread(examine, picture.data)
    artifact = await ctx.artifacts.put(
        file_name(prompt, found.format, default="picture"),
        picture.data,
        content_type=f"image/{found.format}",
    )
    return Image(
        artifact=artifact,
        width=found.width,
        height=found.height,
        format=found.format,
        **provenance_of(provider, picture),
    )
