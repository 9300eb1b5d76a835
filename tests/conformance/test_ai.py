"""The ai plugin keeps what it declares."""

from penstock.testing import PluginContract


class TestAi(PluginContract):
    plugin = "ai"
    heavy_modules = (
        *PluginContract.heavy_modules,
        "datamodel_code_generator",
        "docx",
        "httpx2",
        "jinja2",
        "lxml",
        "markdown_it",
        "pydantic",
        "ruff",
    )
