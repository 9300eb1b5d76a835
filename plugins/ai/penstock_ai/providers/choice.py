"""Which provider answers a request."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Annotated, Any, Protocol

import msgspec

from penstock import Context, Installed, PermanentError
from penstock_ai.near_names import did_you_mean
from penstock_ai.providers.model_provider import Capability, ModelProvider
from penstock_ai.providers.session import ModelSession, opened
from penstock_ai.settings import AiSettings

ProviderName = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=63,
        description="Who answers: `builtin`, `openai`, or one that another plugin brings; the "
        "operator's choice if not set.",
    ),
]


class Request(Protocol):
    """What the inputs of all task types of this plugin have in common."""

    @property
    def prompt(self) -> str | None:
        """What a model shall make."""
        ...

    @property
    def provider(self) -> str | None:
        """The one that the caller names."""
        ...

    @property
    def model(self) -> str | None:
        """The one that the caller names."""
        ...


def choose(
    request: Request, capability: Capability, installed: Installed, *, told: str | None = None
) -> ModelProvider[Any]:
    """The provider that ``request`` names, or else the one of its model, or the operator's.

    Args:
        request: the input.
        capability: what is asked for.
        installed: the providers that there are, and what the operator says.
        told: the one that was chosen when the task was submitted, and whose limits it keeps to.

    Raises:
        ValueError: there is no such provider, or it or the model cannot do this.
    """
    known = {each.name: each for each in installed.providers(ModelProvider)}
    able = [each.name for each in known.values() if capability in each.capabilities]
    named = request.provider or told
    if named is not None:
        what = "'provider' to be the name of an installed one"
    elif owner := _owner(request.model, known.values()):
        named, what = owner, ""
    else:
        named = getattr(installed.settings(AiSettings), f"{capability}_provider")
        what = f"PENSTOCK_AI_{capability.upper()}_PROVIDER to be the name of an installed provider"
    if named not in known:
        hint = did_you_mean(named, known) or f"there are {_listed(known)}"
        raise ValueError(f"expected {what}, got {named!r}; {hint}")
    provider = known[named]
    if provider.is_model and capability not in provider.capabilities:
        raise ValueError(
            f"expected a provider that answers with {capability}, got {named!r} "
            f"({provider.label}); those that do are {_listed(able)}"
        )
    model = provider.model(request.model) if request.model else None
    if model is not None and capability not in model.capabilities:
        fit = [each.name for each in provider.models if capability in each.capabilities]
        raise ValueError(
            f"expected a 'model' of {named!r} that answers with {capability}, got {model.name!r}; "
            f"those that do are {_listed(fit)}"
        )
    return provider


@asynccontextmanager
async def choose_provider(
    request: Request, capability: Capability, ctx: Context, *, instead: str
) -> AsyncIterator[ModelSession]:
    """The provider of a running task, open for as long as the context is.

    Args:
        request: its input.
        capability: what is asked for.
        ctx: its context.
        instead: what to send to the task type at hand that needs no model.

    Raises:
        PermanentError: code ``capability_unavailable``: there is none, it is not configured, or
            its library is not installed; the message names the remedy.
    """
    try:
        provider = choose(request, capability, ctx, told=ctx.provider)
    except ValueError as error:
        raise PermanentError(str(error), code="capability_unavailable") from error
    async with opened(provider, ctx.settings(provider.settings), instead=instead) as session:
        yield session


def _owner(model: str | None, providers: Iterable[ModelProvider[Any]]) -> str | None:
    """Who knows a model of that name."""
    if model is None:
        return None
    return next((each.name for each in providers if each.model(model)), None)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, sorted(names))) or "none"
