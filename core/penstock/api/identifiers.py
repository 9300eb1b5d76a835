"""Ids in paths."""

from uuid import UUID

from penstock.api.json_faults import shown
from penstock.api.problems import FieldError, Problem

_LENGTH = 36


def read_id(text: str, *, of: str) -> UUID:
    """The UUID that ``text`` spells with hyphens.

    Raises:
        Problem: 400, if it spells none.
    """
    found = uuid_of(text)
    if found is not None:
        return found
    message = f"expected the id of a {of} to be a UUID, got {shown(text)}"
    remedy = "send an id like 019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b, as the API gave it"
    raise Problem(
        "invalid-id",
        status=400,
        title="The id is not a UUID",
        detail=f"{message}; {remedy}",
        errors=[FieldError("id", message, remedy)],
    )


def uuid_of(text: str) -> UUID | None:
    """The UUID that ``text`` spells with hyphens, if it spells one."""
    try:
        # UUID() alone also takes braces, a prefix, and hyphens anywhere.
        found = UUID(text) if len(text) == _LENGTH else None
    except ValueError:
        return None
    return found if found is not None and str(found) == text.lower() else None
