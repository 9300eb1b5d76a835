"""Writes the routes of the API into a page, from the OpenAPI document that the API serves."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from penstock.api.openapi import openapi_document
from penstock.plugins import discover, load
from penstock.settings import KNOBS

FILE = "openapi.json"


def document() -> dict[str, Any]:
    """The document of an installation with the built-in plugins, and nothing set."""
    limits = {knob.field: knob.default for knob in KNOBS}
    return openapi_document(
        load(discover()),
        max_body_bytes=limits["max_body_bytes"],
        max_upload_bytes=limits["max_upload_bytes"],
    )


class HttpApi(SphinxDirective):
    """Every route: what it does, takes and answers."""

    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """Write it as Markdown, and parse that like the rest of the page."""
        lines = StringList(list(markdown(document())), source="OpenAPI")
        container = nodes.container()
        self.state.nested_parse(lines, self.content_offset, container, match_titles=True)
        return container.children


def markdown(document: dict[str, Any]) -> Iterator[str]:
    """A section for each tag, with one part for each route."""
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    for tag in dict.fromkeys(operation["tags"][0] for _, _, operation in operations):
        yield from (f"## {tag.capitalize()}", "")
        for path, method, operation in operations:
            if operation["tags"][0] == tag:
                yield from _operation(path, method, operation)


def _operation(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield from (f"### `{method.upper()} {path}`", "", f"{operation['summary']}.", "")
    if "description" in operation:
        yield from (operation["description"], "")
    taken = [(each["name"], each["in"], each) for each in operation.get("parameters", ())]
    if taken:
        yield from ("| parameter | in | |", "|---|---|---|")
        for name, place, parameter in taken:
            required = "required; " if parameter.get("required") and place != "path" else ""
            yield f"| `{name}` | {place} | {required}{_cell(parameter.get('description', ''))} |"
        yield ""
    if body := operation.get("requestBody"):
        kinds = ", ".join(f"`{kind}`" for kind in body["content"])
        yield from (f"Body: {kinds}{_schemas(body['content'])}", "")
    yield from ("| answer | |", "|---|---|")
    for status, answer in operation["responses"].items():
        yield f"| {status} | {_cell(answer['description'])}{_schemas(answer.get('content', {}))} |"
    yield ""


def _schemas(content: dict[str, Any]) -> str:
    """Which schemas of the document it is made of, if they have names."""
    text = json.dumps([each.get("schema", {}) for each in content.values()])
    names = [each.split('"')[0] for each in text.split("#/components/schemas/")[1:]]
    named = ", ".join(f"`{name}`" for name in dict.fromkeys(names) if name != "ProblemDocument")
    return f" ({named})" if named else ""


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", r"\|")


def write_document(app: Sphinx, error: Exception | None) -> None:
    """Put the document itself beside the pages."""
    if error is None and app.builder.format == "html":
        text = json.dumps(document(), indent=2, ensure_ascii=False)
        (Path(app.outdir) / FILE).write_text(text + "\n")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it with Sphinx."""
    app.add_directive("http-api", HttpApi)
    app.connect("build-finished", write_document)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
