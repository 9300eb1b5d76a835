"""Where a result comes from: fields that the results of all ai tasks share."""

from typing import TYPE_CHECKING, TypedDict

import msgspec

from penstock_ai.providers.messages import Completion, Picture, Usage

if TYPE_CHECKING:
    from penstock_ai.providers.session import ModelSession

BUILTIN = "builtin"
BUILTIN_LABEL = "built-in renderer, no AI model"


class Provenance(msgspec.Struct, kw_only=True, frozen=True):
    """Who made a result. The defaults are the truth of what no model had a part in."""

    provider: str = BUILTIN
    provider_label: str = BUILTIN_LABEL
    model: str | None = None
    """As the provider names it; null without a model, or if it does not say."""
    is_model_output: bool = False
    usage: Usage | None = None
    """Null is unknown, or no model."""
    cost: float | None = 0.0
    """In US dollars; null is unknown."""


class ModelProvenance(TypedDict):
    """The fields of :class:`Provenance`, for ``**`` in a result's construction."""

    provider: str
    provider_label: str
    model: str | None
    is_model_output: bool
    usage: Usage | None
    cost: float | None


def provenance_of(provider: "ModelSession", answer: Completion | Picture) -> ModelProvenance:
    """What a model's answer says of itself. Its cost is unknown: prices are not in an answer."""
    return {
        "provider": provider.name,
        "provider_label": provider.label,
        "model": answer.model,
        "is_model_output": provider.is_model,
        "usage": answer.usage,
        "cost": None,
    }
