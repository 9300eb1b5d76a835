"""The Lua scripts, each beside the others as a file of its own."""

from importlib.resources import files


def source(name: str) -> str:
    """The text of ``name``.lua, behind the prelude that all scripts share."""
    return _text("prelude") + _text(name)


def _text(name: str) -> str:
    return files(__name__).joinpath(f"{name}.lua").read_text(encoding="utf-8")
