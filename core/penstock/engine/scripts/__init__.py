"""The Lua scripts, each beside the others as a file of its own."""

from importlib.resources import files


def source(name: str) -> str:
    """The text of ``name``.lua."""
    return files(__name__).joinpath(f"{name}.lua").read_text(encoding="utf-8")
