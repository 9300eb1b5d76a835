"""What an operator sees and changes of providers while everything runs."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, delete, get, patch
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from penstock.api.access import Principal
from penstock.api.policy_values import read_values
from penstock.api.views import Success
from penstock.dispatch import PolicyControl, ProviderPolicy


def provider_routes(*, policy_control: PolicyControl) -> Sequence[HTTPRouteHandler]:
    """``/api/providers`` and ``/api/providers/{name}`` with what can be said of it."""

    @get("/api/providers")
    async def list_providers(
        principal: NamedDependency[Principal],
    ) -> Success[list[ProviderPolicy]]:
        """All providers with their limits, and who says so."""
        return Success(data=await policy_control.providers())

    @get("/api/providers/{provider:str}")
    async def show_provider(
        provider: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[ProviderPolicy]:
        """One provider."""
        return Success(data=await policy_control.provider(provider))

    @patch("/api/providers/{provider:str}")
    async def set_provider(
        request: Request[Any, Any, Any],
        provider: FromPath[str],
        principal: NamedDependency[Principal],
    ) -> Success[ProviderPolicy]:
        """Say what shall hold for a provider; ``null`` takes it back. All of it or none."""
        values = await read_values(request)
        found = await policy_control.set_provider(provider, values, by=principal.name)
        return Success(data=found)

    @delete("/api/providers/{provider:str}/overrides", status_code=200)
    async def reset_provider(
        provider: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[ProviderPolicy]:
        """Take back all that was said of a provider."""
        return Success(data=await policy_control.reset_provider(provider, by=principal.name))

    return [list_providers, show_provider, set_provider, reset_provider]
