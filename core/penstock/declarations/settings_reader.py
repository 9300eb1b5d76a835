"""How what a plugin runs in a worker gets its settings."""

from typing import Protocol, TypeVar

S = TypeVar("S")


class SettingsReader(Protocol):
    """The operator's settings: ``settings(AcmeSettings)``, as ``ctx.settings`` in a handler."""

    def __call__(self, kind: type[S], /) -> S:
        """The settings of ``kind``, a type that the plugin returns from ``penstock_settings``.

        Raises:
            DeclarationError: no loaded plugin declares settings of this type.
        """
        ...
