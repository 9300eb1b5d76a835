"""The task type ``ai.document``: Markdown, a template with data, or a prompt, to a file."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from penstock import Artifact, Context, task
from penstock_ai.file_name import file_name
from penstock_ai.model_use import text_provider_of, tokens_of
from penstock_ai.near_names import did_you_mean
from penstock_ai.prompt_fields import (
    ModelName,
    PromptText,
    check_exactly_one,
    check_model_fields,
    check_only_with,
)
from penstock_ai.provenance import ModelProvenance, Provenance, provenance_of
from penstock_ai.providers.choice import ProviderName, choose_provider
from penstock_ai.providers.messages import Prompt
from penstock_ai.providers.model_provider import Capability
from penstock_ai.queues import AI, MODEL_TIMEOUT

if TYPE_CHECKING:
    from penstock_ai.render import Rendered

Format = Literal["pdf", "docx", "html"]

TEMPLATES = ("invoice", "letter", "report")

Markdown = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=500_000,
        description="CommonMark with tables and ~~struck-out~~ text; raw HTML appears as text.",
    ),
]
TemplateName = Annotated[
    str,
    msgspec.Meta(
        max_length=100,
        description="A built-in template, filled with `data`.",
        extra_json_schema={"enum": list(TEMPLATES)},
    ),
]
Title = Annotated[
    str,
    msgspec.Meta(
        max_length=200,
        description="For the file's metadata, its name and the PDF's page header; "
        "the first heading if left out.",
    ),
]
Language = Annotated[
    str,
    msgspec.Meta(
        pattern="^[a-z]{2,3}$",
        description="The text's language, as in ISO 639: hyphenation and screen readers use it.",
    ),
]


class DocumentInput(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What to render: exactly one of ``markdown``, ``template`` and ``prompt``.

    Raises:
        ValueError: if there is none or several of them, a field that does nothing with it, or if
            there is no such template. Decoding turns it into a ``msgspec.ValidationError``.
    """

    markdown: Markdown | None = None
    template: TemplateName | None = None
    data: dict[str, Any] = {}
    prompt: PromptText | None = None
    format: Format = "pdf"
    title: Title = ""
    language: Language = "en"
    provider: ProviderName | None = None
    model: ModelName | None = None

    def __post_init__(self) -> None:
        """Check what a type cannot say."""
        check_exactly_one(markdown=self.markdown, template=self.template, prompt=self.prompt)
        check_only_with("'template'", is_there=self.template is not None, data=self.data or None)
        is_prompt = self.prompt is not None
        check_model_fields(is_prompt=is_prompt, provider=self.provider, model=self.model)
        if self.template is not None and self.template not in TEMPLATES:
            hint = did_you_mean(self.template, TEMPLATES, after=" ")
            message = (
                f"expected 'template' to be one of {', '.join(map(repr, TEMPLATES))}, "
                f"got {self.template!r}; {hint}or send the text itself as 'markdown'"
            )
            raise ValueError(message)


class Document(Provenance, kw_only=True, frozen=True):
    """A rendered file, and where it came from."""

    artifact: Artifact
    format: Format
    pages: int | None
    """Of a PDF; unknown for formats that the reader's program lays out."""
    warnings: list[str] = msgspec.field(default_factory=list)
    """What of the text the file cannot show."""


@task(
    "ai.document",
    queue=AI,
    timeout=MODEL_TIMEOUT,
    provider=text_provider_of,
    units=tokens_of,
    examples=[
        DocumentInput(
            markdown="# Hello\n\nThis PDF was rendered from **Markdown**:\n\n"
            "- no browser\n- no network\n\n| ordered | delivered |\n|---|---:|\n| 1 | 1 |\n",
            title="Hello",
        ),
        DocumentInput(
            template="invoice",
            data={
                "number": "2026-0042",
                "date": "23 November 2026",
                "seller": "Mill Lane Joinery",
                "customer": "Ada Example",
                "currency": "EUR",
                "tax_percent": 19,
                "lines": [
                    {"description": "Oak shelf", "quantity": 2, "unit_price": "149.50"},
                    {"description": "Delivery", "quantity": 1, "unit_price": "25.00"},
                ],
            },
            format="docx",
        ),
        DocumentInput(
            markdown="# Release notes\n\n1. Faster.\n2. [Documented](https://example.org).\n",
            format="html",
        ),
    ],
)
async def document(request: DocumentInput, ctx: Context) -> Document:
    """Render Markdown, a template filled with data, or what a model writes, to a file.

    PDF, DOCX or HTML. Nothing is fetched from anywhere. Without a prompt no AI model is used, and
    the same input gives the same text.

    Raises:
        PermanentError: ``invalid_template_data`` if the template lacks a value, got an unknown one
            or cannot use one; ``too_complex`` if the text is nested deeper, or a table has more
            columns, than every format can show; ``capability_unavailable`` if a model is needed
            and not there.
        TransientError: ``incomplete_output`` if the model's text was cut; what there was of it is
            an artifact of the task.
    """
    markdown, provenance = request.markdown, None
    if request.prompt is not None:
        markdown, provenance = await _written(request, request.prompt, ctx)
    await ctx.progress(10 if provenance is None else 87, f"rendering the {request.format}")
    # Rendering is CPU work; the event loop belongs to the other tasks.
    rendered = await asyncio.to_thread(_render, request, markdown)
    await ctx.progress(80 if provenance is None else 95, "storing the file")
    artifact = await ctx.artifacts.put(
        file_name(rendered.title, request.format),
        rendered.data,
        content_type=rendered.content_type,
    )
    result = Document(
        artifact=artifact,
        format=request.format,
        pages=rendered.pages,
        warnings=list(rendered.warnings),
    )
    return msgspec.structs.replace(result, **provenance) if provenance else result


async def _written(
    request: DocumentInput, prompt: str, ctx: Context
) -> tuple[str, ModelProvenance]:
    from penstock_ai.fenced_code import without_fence
    from penstock_ai.writing import write

    wanted = Prompt(
        text=prompt,
        system="You write documents in Markdown: CommonMark with tables, no HTML, no images. The "
        f"document's language has the ISO 639 code {request.language!r}. Answer with the document "
        "alone, without a fence around it.",
        model=request.model,
    )
    async with choose_provider(
        request, Capability.TEXT, ctx, instead="'markdown' or a 'template'"
    ) as provider:
        completion = await write(provider, wanted, ctx)
    markdown = await asyncio.to_thread(without_fence, completion.text)
    return markdown, provenance_of(provider, completion)


def _render(request: DocumentInput, markdown: str | None) -> "Rendered":
    from penstock_ai.render import render

    if request.template is not None:
        from penstock_ai.template import fill

        markdown = fill(request.template, request.data)
    return render(markdown or "", title=request.title, language=request.language, to=request.format)
