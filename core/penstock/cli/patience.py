"""How long commands wait for an API that is away."""

import time
from datetime import timedelta
from http import HTTPStatus

from penstock.cli.client import ApiProblemError, ApiUnreachableError

# A rolling update or a restart of the API is shorter; whoever follows something need not notice it.
_LIMIT = timedelta(seconds=30)


class Patience:
    """Bears failures of an API for half a minute after it has answered last."""

    def __init__(self) -> None:
        self._failing_since: float | None = None

    def answered(self) -> None:
        """The API has said something."""
        self._failing_since = None

    def bear(self, error: ApiUnreachableError | ApiProblemError) -> None:
        """Return if it is worth asking again.

        Raises:
            ApiUnreachableError: nothing answers for too long.
            ApiProblemError: the same, or asking again would change nothing.
        """
        now = time.monotonic()
        self._failing_since = self._failing_since or now
        lasting = isinstance(error, ApiProblemError) and (
            error.status < HTTPStatus.INTERNAL_SERVER_ERROR
        )
        if lasting or now - self._failing_since > _LIMIT.total_seconds():
            raise error
