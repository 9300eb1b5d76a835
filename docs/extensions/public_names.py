"""Links a name of ours in a docstring, wherever it is defined, to where authors import it from."""

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode


def resolve(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """The link to ``penstock.Context.save`` for ``penstock.declarations.context.Context.save``.

    ``None`` if no name ends so, or several do.
    """
    if node.get("refdomain") != "py":
        return None
    documented = env.domains.python_domain.objects
    parts = node["reftarget"].split(".")
    for tail in (".".join(parts[-2:]), parts[-1]):
        names = [
            name
            for name, entry in documented.items()
            if name.endswith(f".{tail}") and not entry.aliased
        ]
        if len(names) == 1:
            found = documented[names[0]]
            return make_refnode(
                app.builder, node["refdoc"], found.docname, found.node_id, content, names[0]
            )
    return None


def setup(app: Sphinx) -> dict[str, bool]:
    """Register it with Sphinx."""
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
