"""What is secret of all that was said, to be hidden wherever somebody else writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from penstock.secrecy import Mask, passwords_in, sounds_secret
from penstock.settings.given import Given
from penstock.settings.knobs import KNOBS

_OWN = {each.variable for each in KNOBS}


def of(values: Mapping[str, Any], given: Given) -> Iterator[str]:
    """The secrets that are known before any plugin is loaded.

    Those of Penstock's own settings; and of what plugins and others may read, whatever came from a
    secret file, or has a name that sounds secret: a plugin that cannot be loaded cannot say which
    of its settings are.

    Args:
        values: Penstock's own settings, by field.
        given: all that was said.
    """
    for knob in KNOBS:
        value = values[knob.field]
        if isinstance(value, str):
            yield from (value,) if knob.secret else passwords_in(value)
    yield from _of_others(given)


def mask(environ: Mapping[str, str]) -> Mask:
    """What hides at least what sounds secret in ``environ``, where settings cannot be read."""
    return Mask(_of_others(Given.of(environ)))


def _of_others(given: Given) -> Iterator[str]:
    for name, said in given.everything():
        if name not in _OWN and (said.is_hidden or sounds_secret(name)):
            yield said.value
            yield from passwords_in(said.value)
