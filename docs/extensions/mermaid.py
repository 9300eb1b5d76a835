"""Draws ```` ```mermaid ```` blocks while the site is built, so that no reader needs a script."""

import hashlib
from typing import ClassVar

import mermaidx
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class Mermaid(SphinxDirective):
    """One diagram, as SVG within the page. In the dark its colours are turned around (CSS)."""

    has_content = True
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        """Draw it.

        Raises:
            ExtensionError: the source is no diagram.
        """
        source = "\n".join(self.content)
        try:
            svg = mermaidx.render(source, theme="neutral").svg()
        except Exception as error:
            raise self.error(f"this diagram cannot be drawn: {error}") from error
        # Styles within are told apart by the id of their diagram.
        name = "diagram-" + hashlib.sha256(source.encode()).hexdigest()[:8]
        html = f'<div class="diagram">{svg.replace("my-svg", name)}</div>'
        return [nodes.raw("", html, format="html")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it with Sphinx."""
    app.add_directive("mermaid", Mermaid)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
