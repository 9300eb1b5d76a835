"""Why somebody cancels tasks."""

from penstock.api.json_faults import shown
from penstock.api.problems import FieldError

MAX_REASON_LENGTH = 500


def check_reason(reason: object) -> list[FieldError]:
    """What is wrong with the ``reason`` in a body, if anything is; it may be left out."""
    if reason is None or (isinstance(reason, str) and 1 <= len(reason) <= MAX_REASON_LENGTH):
        return []
    message = f"expected a string of 1 to {MAX_REASON_LENGTH} characters, got {shown(reason)}"
    return [FieldError("$.reason", message, "shorten it, or leave it out")]
