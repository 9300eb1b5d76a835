"""Shows the help of the command line as the terminal does: it is plain text, and no markup."""

import click
from sphinx.application import Sphinx


def as_plain_text(app: Sphinx, ctx: click.Context, lines: list[str]) -> None:  # noqa: ARG001
    """Keep reStructuredText from taking ``0 3 * * *`` for emphasis."""
    lines[:] = [line.replace("*", r"\*") for line in lines]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it with Sphinx, after sphinx-click."""
    app.setup_extension("sphinx_click")
    for part in ("description", "options", "arguments", "epilog"):
        app.connect(f"sphinx-click-process-{part}", as_plain_text)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
