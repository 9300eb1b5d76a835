"""The declaration of a provider of models: what a plugin returns from ``penstock_providers``."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from penstock import DeclarationError, Provider
from penstock_ai.providers.client import ModelClient
from penstock_ai.settings import DEFAULT_TIMEOUT_SECONDS

S = TypeVar("S", bound=msgspec.Struct)


class Capability(StrEnum):
    """What a model can be asked for."""

    TEXT = "text"
    IMAGE = "image"


@dataclass(frozen=True)
class Model:
    """A model that is known by name; a provider may have others.

    Attributes:
        name: as in a request's ``model``.
        capabilities: what it can do; text if left out.
    """

    name: str
    capabilities: Collection[Capability] = frozenset({Capability.TEXT})


@dataclass(frozen=True, kw_only=True)
class ModelProvider(Provider, Generic[S]):
    """A provider of models, which all ai tasks can use once its plugin is installed.

    A :class:`penstock.Provider` with limits of its own, and beside that:

    Attributes:
        label: for people: whose models answer.
        settings: the struct that its plugin returns from ``penstock_settings``, and that the
            functions below are called with.
        connect: opens a client. Called when a task runs: what takes long to import is imported
            in it.
        is_configured: whether an operator has set what it needs, a key say.
        setup: what an operator does for it, as the end of a sentence: ``set ACME_API_KEY``.
        text_model: the operator's model for texts, ``None`` if there is none; left out by a
            provider that writes none.
        image_model: likewise, for images.
        timeout_seconds: how long one call may take; two minutes if left out, and never longer than
            the ten that the tasks allow.
        timeout_variable: the setting that it reads, for the message of a call that took longer.
        models: those that are known by name. A request that names one of them needs not name the
            provider, and one for what the model cannot do is refused at once. Others are passed on
            as they are: new ones appear every month.
        is_model: whether an AI model answers.

    Raises:
        DeclarationError: two models of the same name, or a model that can do what the provider
            cannot.
    """

    label: str
    settings: type[S]
    connect: Callable[[S], ModelClient]
    is_configured: Callable[[S], bool]
    setup: str
    text_model: Callable[[S], str | None] | None = None
    image_model: Callable[[S], str | None] | None = None
    timeout_seconds: Callable[[S], float] = lambda _: DEFAULT_TIMEOUT_SECONDS
    timeout_variable: str | None = None
    models: Sequence[Model] = ()
    is_model: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        names = [each.name for each in self.models]
        for each in self.models:
            if names.count(each.name) > 1:
                message = f"provider {self.name!r} has model {each.name!r} twice; leave one out"
                raise DeclarationError(message)
            if beyond := set(each.capabilities) - self.capabilities:
                lacking = min(beyond)
                message = (
                    f"model {each.name!r} of provider {self.name!r} is said to do {lacking!s}, "
                    f"which needs {lacking!s}_model; give it to the provider"
                )
                raise DeclarationError(message)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What its models can be asked for."""
        found = {Capability.TEXT: self.text_model, Capability.IMAGE: self.image_model}
        return frozenset(each for each, model in found.items() if model is not None)

    def model(self, name: str) -> Model | None:
        """The model of that name, if it is known."""
        return next((each for each in self.models if each.name == name), None)

    def configured_model(self, settings: S, capability: Capability) -> str | None:
        """The operator's choice for ``capability``."""
        choose = self.text_model if capability is Capability.TEXT else self.image_model
        return None if choose is None else choose(settings)
