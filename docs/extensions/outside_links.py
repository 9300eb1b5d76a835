"""Leaves a link to the rest of the repository as its text: the site has nothing to show for it."""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

DOCS = Path(__file__).parents[1]


class OutsideLinks(SphinxPostTransform):
    """Takes ``[an example](../examples/penstock-acme)`` before it is looked for among the pages.

    A link to what is not there is left to fail.
    """

    default_priority = 8  # MyST's own look-up is at 9

    def run(self, **kwargs: Any) -> None:  # noqa: ARG002 - Sphinx' signature
        """Replace each of them."""
        for node in list(self.document.findall(pending_xref)):
            target = (DOCS / node["reftarget"].partition("#")[0]).resolve()
            if (
                node["reftype"] == "myst"
                and node["reftarget"].startswith("../")
                and target.exists()
                and not target.is_relative_to(DOCS)
            ):
                node.replace_self(nodes.inline("", "", *node.children))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it with Sphinx."""
    app.add_post_transform(OutsideLinks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
