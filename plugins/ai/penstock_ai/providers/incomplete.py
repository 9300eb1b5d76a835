"""The error of an answer that stopped in the middle."""

from datetime import timedelta

from penstock import TransientError


class IncompleteOutputError(TransientError):
    """A model's text ended before it was finished.

    Attributes:
        partial: what had arrived; may be empty.
    """

    default_code = "incomplete_output"

    def __init__(
        self,
        message: str,
        *,
        partial: str = "",
        retry_after: timedelta | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, retry_after=retry_after, code=code)
        self.partial = partial
