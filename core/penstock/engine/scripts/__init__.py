"""The Lua scripts, each beside the others as a file of its own."""

from importlib.resources import files

_SHARED = ("prelude", "order", "limits", "rooms", "places")


def source(name: str) -> str:
    """The text of ``name``.lua, behind what all scripts share."""
    return "".join(map(_text, (*_SHARED, name)))


def _text(name: str) -> str:
    return files(__name__).joinpath(f"{name}.lua").read_text(encoding="utf-8")
