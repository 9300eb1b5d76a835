"""What a new plugin may be called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from penstock.declarations import setting_names
from penstock.plugins.rivalry import RESERVED
from penstock.settings import KNOBS

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_MOST = 20


def check(name: str, *, installed: Mapping[str, str]) -> None:
    """Refuse a name that Penstock, its settings or another plugin would not get along with.

    Args:
        name: the one that was asked for.
        installed: the names of the plugins that are here, and the distribution of each.

    Raises:
        ValueError: with one that would do, if there is one near it.
    """
    is_penstock = name.partition("-")[0] == "penstock"
    if not _NAME.fullmatch(name) or len(name) > _MOST or is_penstock:
        near = _near(name)
        hint = f"; how about {near!r}?" if near else ""
        raise ValueError(
            "expected the name of a plugin to be lower-case words of letters and digits, joined by "
            f"'-', that begins with a letter, has at most {_MOST} characters and does without "
            f"'penstock' in front, got {name!r}{hint}"
        )
    if name in installed:
        raise ValueError(
            f"plugin {name!r} is installed already, by {installed[name]}; choose another name, "
            f"like {f'my-{name}'!r}"
        )
    prefix = setting_names.prefix(name)
    taken = next((each.variable for each in KNOBS if each.variable.startswith(prefix)), None)
    if name.partition("-")[0] in RESERVED or taken is not None:
        raise ValueError(
            f"the name {name!r} is Penstock's own: {taken or f'{prefix}…'} is a setting of "
            f"Penstock itself; choose another name, like {f'my-{name}'!r}"
        )


def _near(name: str) -> str | None:
    """The nearest name that is one."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    # The words of CamelCase too.
    words = re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", ascii_only).lower())
    if words[:1] == ["penstock"]:
        words = words[1:]
    near = "-".join(words).lstrip("0123456789-")[:_MOST].rstrip("-")
    return near if _NAME.fullmatch(near) else None
