"""The task type ``ai.document``: Markdown, or a template with data, to a file."""

import asyncio
from datetime import timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from penstock import Artifact, Context, task
from penstock_ai.file_name import file_name
from penstock_ai.queues import AI

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
    """What to render: exactly one of ``markdown`` and ``template``.

    Raises:
        ValueError: if both or neither are given, if ``data`` comes without a template, or if there
            is no such template. Decoding turns it into a ``msgspec.ValidationError``.
    """

    markdown: Markdown | None = None
    template: TemplateName | None = None
    data: dict[str, Any] = {}
    format: Format = "pdf"
    title: Title = ""
    language: Language = "en"

    def __post_init__(self) -> None:
        """Check what a type cannot say."""
        if (self.markdown is None) == (self.template is None):
            got = "neither" if self.markdown is None else "both"
            message = (
                f"expected exactly one of 'markdown' and 'template', got {got}; send the text as "
                "'markdown', or the name of a built-in template as 'template' with its 'data'"
            )
            raise ValueError(message)
        if self.data and self.template is None:
            message = (
                "expected 'data' only together with 'template', got it with 'markdown'; leave "
                "'data' out, or name the template that it fills"
            )
            raise ValueError(message)
        if self.template is not None and self.template not in TEMPLATES:
            near = get_close_matches(self.template, TEMPLATES, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            message = (
                f"expected 'template' to be one of {', '.join(map(repr, TEMPLATES))}, "
                f"got {self.template!r}; {hint}or send the text itself as 'markdown'"
            )
            raise ValueError(message)


class Document(msgspec.Struct, kw_only=True, frozen=True):
    """A rendered file, and where it came from."""

    artifact: Artifact
    format: Format
    pages: int | None
    """Of a PDF; unknown for formats that the reader's program lays out."""
    warnings: list[str] = []
    """What of the text the file cannot show."""
    provider: str = "builtin"
    provider_label: str = "built-in renderer, no AI model"
    is_model_output: bool = False
    usage: None = None
    cost: float = 0.0


@task(
    "ai.document",
    queue=AI,
    timeout=timedelta(minutes=2),
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
    """Render Markdown, or a built-in template filled with data, to a PDF, DOCX or HTML file.

    Nothing is fetched from anywhere and no AI model is used: the same input gives the same text.

    Raises:
        PermanentError: ``invalid_template_data`` if the template lacks a value, got an unknown one
            or cannot use one; ``too_complex`` if the text is nested deeper, or a table has more
            columns, than every format can show.
    """
    await ctx.progress(10, f"rendering the {request.format}")
    # Rendering is CPU work; the event loop belongs to the other tasks.
    rendered = await asyncio.to_thread(_render, request)
    await ctx.progress(80, "storing the file")
    artifact = await ctx.artifacts.put(
        file_name(rendered.title, request.format),
        rendered.data,
        content_type=rendered.content_type,
    )
    return Document(
        artifact=artifact,
        format=request.format,
        pages=rendered.pages,
        warnings=list(rendered.warnings),
    )


def _render(request: DocumentInput) -> "Rendered":
    from penstock_ai.render import render

    source = request.markdown
    if request.template is not None:
        from penstock_ai.template import fill

        source = fill(request.template, request.data)
    return render(source or "", title=request.title, language=request.language, to=request.format)
