"""What the operator says, wherever it stands: each with its place, so that every error can name it.

A variable in the environment wins over a secret file, that over ``.env.local``, and that over
``penstock.toml``. A variable that is empty counts as not set.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from penstock import secrecy
from penstock.settings.errors import SettingsError

FILE_SUFFIX = "_FILE"
"""``PENSTOCK_API_KEY_FILE`` names the file that holds ``PENSTOCK_API_KEY``."""
Key: TypeAlias = tuple[str, ...]
"""A place in ``penstock.toml``: ``("queues", "ai", "concurrency")``."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """One thing that the operator says.

    Attributes:
        value: as one would write it into a variable.
        place: where it stands, for people.
        origin: ``environment`` for a variable, ``file`` for what any file says.
        is_hidden: whether the value came from a secret file, and is never shown.
        fault: why it has no value; told to whoever needs one.
    """

    value: str = field(repr=False)
    place: str
    origin: Literal["environment", "file"]
    is_hidden: bool = False
    fault: str | None = None

    def shown(self, *, secret: bool = False, is_plain: bool = False) -> str:
        """The value for an error.

        Args:
            secret: whether it is not to be shown at all, like that of a secret file.
            is_plain: whether it can be no URL, of which passwords are left out.
        """
        if secret or self.is_hidden:
            return "a value that is not shown here"
        return repr(self.value if is_plain else secrecy.redacted(self.value))


class Given:
    """Everything that was said.

    Args:
        layers: variables by name, those that win first.
        table: what ``penstock.toml`` says, by key.
        directory: from which the paths of secret files are seen.
    """

    def __init__(
        self,
        layers: Sequence[Mapping[str, Said]] = (),
        table: Mapping[Key, Said] | None = None,
        *,
        directory: Path | None = None,
    ) -> None:
        self._layers = layers
        self._directory = directory or Path()
        self.table = table or {}

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Given:
        """Those of an environment alone."""
        return cls([in_environment(variables)])

    def names(self) -> Iterator[str]:
        """The names of all variables, also of those that name secret files."""
        for layer in self._layers:
            yield from layer

    def everything(self) -> Iterator[tuple[str, Said]]:
        """All that was said, by variable or key, also where something else wins over it."""
        for layer in self._layers:
            yield from layer.items()
        for key, said in self.table.items():
            yield key[-1], said

    def find(
        self, variable: str, key: Key | None = None, *, others: Collection[str] = ()
    ) -> Said | None:
        """What counts of all that is said of one thing; nothing if nobody says anything.

        Args:
            variable: its variable.
            key: its place in ``penstock.toml``, if it may stand there.
            others: variables that mean something of their own, though they end like one that names
                a secret file.

        Raises:
            SettingsError: a variable and its secret file stand beside each other, or what counts
                is a file that cannot be read.
        """
        in_file = f"{variable}{FILE_SUFFIX}"
        for layer in self._layers:
            said = layer.get(variable)
            named = None if in_file in others else layer.get(in_file)
            if said and named:
                raise SettingsError(
                    f"{said.place} and {named.place} both say {variable}; remove one of them"
                )
            found = said or named
            if found and found.fault:
                raise SettingsError(found.fault)
            if said:
                return said
            if named:
                file = self._directory / named.value
                return Said(
                    value=read_secret(file, of=named.place),
                    place=f"{variable} (in {file}, which {named.place} names)",
                    origin="file",
                    is_hidden=True,
                )
        return None if key is None else self.table.get(key)


def in_environment(variables: Mapping[str, str]) -> dict[str, Said]:
    """What an environment says."""
    return {
        name: Said(value=value, place=name, origin="environment")
        for name, value in variables.items()
        if value
    }


def read_secret(file: Path, *, of: str) -> str:
    """The content of a secret file, without the newline at its end.

    Args:
        file: which one.
        of: what names it, for people.

    Raises:
        SettingsError: it cannot be read, or holds nothing.
    """
    try:
        content = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise SettingsError(
            f"cannot read the secret file {file} ({of}): {reason}; it is to be a text file that "
            "this process may read"
        ) from None
    value = content.removesuffix("\n").removesuffix("\r")
    if not value:
        raise SettingsError(f"the secret file {file} ({of}) is empty; write the value into it")
    return value
