"""The Lua scripts, each beside the others as a file of its own."""

from importlib.resources import files

_SHARED = ("many", "prelude", "hearing", "starts", "order", "limits", "rooms", "places")
_SHARED_BY_PROVIDERS = ("many", "provider", "hearing", "starts")


def source(name: str) -> str:
    """The text of ``name``.lua, behind what the scripts of queues share."""
    return "".join(map(_text, (*_SHARED, name)))


def provider_source(name: str) -> str:
    """The text of ``name``.lua, behind what the scripts of providers share."""
    return "".join(map(_text, (*_SHARED_BY_PROVIDERS, name)))


def _text(name: str) -> str:
    return files(__name__).joinpath(f"{name}.lua").read_text(encoding="utf-8")
