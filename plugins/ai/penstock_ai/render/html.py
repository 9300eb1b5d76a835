"""Blocks to a complete HTML page, by an autoescaping Jinja2 template."""

from jinja2 import Environment, PackageLoader, StrictUndefined

from penstock_ai.render.renderer import Page, Rendered


class HtmlRenderer:
    """HTML5 with its style inside; no script, and nothing to fetch."""

    def render(self, page: Page) -> Rendered:
        """Render one page, in UTF-8."""
        environment = Environment(
            loader=PackageLoader("penstock_ai.render", "layouts"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        text = environment.get_template("page.html.j2").render(page=page)
        return Rendered(
            data=text.encode(), content_type="text/html; charset=utf-8", title=page.title
        )
