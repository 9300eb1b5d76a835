"""Secrets in settings: marked as such, and never shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from penstock.declarations.secret import HiddenText
from penstock.secrecy import sounds_secret
from penstock.settings import plugin_settings
from penstock.testing.contract.subject import Subject

_CANARY = "hunter2-of-the-kit"


def faults(subject: Subject) -> Iterator[str]:
    """Fields that are not marked though they sound secret, and structs that show what is."""
    for kind in subject.plugin.settings:
        secret = [each for each in plugin_settings.knobs(subject.name, kind) if each.secret]
        fields = {each.encode_name: each.name for each in msgspec.structs.fields(kind)}
        marked = {each.field for each in secret}
        for field in msgspec.structs.fields(kind):
            if field.encode_name in marked or not sounds_secret(field.name):
                continue
            if _takes_text(field.type):
                yield (
                    f"setting {kind.__qualname__}.{field.name} of {subject} sounds like a secret "
                    "and is not marked as one, so commands, logs and errors would show it; mark "
                    f"it: `{field.name}: penstock.Secret | None`"
                )
        if not secret:
            continue
        shown = kind(**{fields[each.field]: HiddenText(_CANARY) for each in secret})
        if _CANARY in f"{shown!r} {shown}":
            yield (
                f"the repr of settings {kind.__qualname__} of {subject} shows its secrets "
                f"({', '.join(each.field for each in secret)}), so one log line or traceback "
                "gives them away; leave its __repr__ to msgspec, which shows '***'"
            )


def _takes_text(kind: Any) -> bool:
    try:
        msgspec.convert(_CANARY, kind)
    except msgspec.ValidationError:
        return False
    return True
