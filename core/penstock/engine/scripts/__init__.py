"""The Lua scripts, each beside the others as a file of its own."""

from importlib.resources import files


def source(name: str, *, prelude: str = "prelude") -> str:
    """The text of ``name``.lua, behind what the scripts of queues (or of ``provider``) share."""
    return _text(prelude) + _text("hearing") + _text(name)


def _text(name: str) -> str:
    return files(__name__).joinpath(f"{name}.lua").read_text(encoding="utf-8")
