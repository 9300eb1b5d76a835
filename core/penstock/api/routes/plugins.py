"""What is installed, and what of it did not load."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from collections.abc import Sequence

from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler

from penstock.api.access import Principal
from penstock.api.views import Success
from penstock.plugins import PluginView


def plugin_routes(*, plugins: Sequence[PluginView]) -> Sequence[HTTPRouteHandler]:
    """``GET /api/plugins``."""

    @get("/api/plugins")
    async def list_plugins(principal: NamedDependency[Principal]) -> Success[Sequence[PluginView]]:
        """The plugins that this process found when it started."""
        return Success(data=plugins)

    return [list_plugins]
