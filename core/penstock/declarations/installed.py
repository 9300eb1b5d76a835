"""What else is installed beside a plugin, and what the operator says of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TypeVar

from penstock.declarations.provider import Provider

P = TypeVar("P", bound=Provider)
S = TypeVar("S")


class Installed(ABC):
    """What a plugin may ask of its neighbours: their declarations, never their code.

    A :class:`~penstock.declarations.Context` is one. So is what a function gets as its second
    parameter, if it has one, that tells the provider of a task type. A ``def`` handler, in a
    process of its own, has :meth:`settings` alone.
    """

    @abstractmethod
    def settings(self, kind: type[S]) -> S:
        """The operator's settings of a plugin.

        Args:
            kind: a type that the plugin returns from ``penstock_settings``.

        Raises:
            DeclarationError: no loaded plugin declares settings of this type.
        """

    @abstractmethod
    def providers(self, kind: type[P]) -> Sequence[P]:
        """The providers of one kind that loaded plugins declare, with the operator's limits.

        Args:
            kind: :class:`Provider`, or a subclass of it by which a plugin lets others extend it:
                they return theirs from ``penstock_providers`` too.
        """
