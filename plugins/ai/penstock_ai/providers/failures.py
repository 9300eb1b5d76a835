"""What the answers of HTTP APIs mean for the task that asked."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from penstock import PermanentError, RateLimitedError, TaskError, TransientError

_LONGEST_MESSAGE = 500
_LONGEST_WAIT = timedelta(hours=1)
# A server that says "now" or names a time of the past must not make a task spin.
_SHORTEST_WAIT = timedelta(seconds=1)

_TOO_MANY_REQUESTS = 429
_PAYMENT_REQUIRED = 402
_PASSING = {408, 409, 425}


def http_failure(
    who: str,
    status: int,
    said: str,
    *,
    headers: Mapping[str, str] | None = None,
    hidden: str | None = None,
) -> TaskError:
    """What an answer other than success means.

    =====================  =====================================================================
    402                    ``PermanentError``, ``billing``
    429 with Retry-After   ``RateLimitedError``: nobody asks before that, and no attempt is spent
    429 without            ``TransientError``, ``rate_limited``. A request that is larger than the
                           limit is answered like this for ever: it must spend its attempts, and
                           close the provider to nobody
    408, 409, 425, 5xx     ``TransientError``, ``provider_unavailable``, after Retry-After if given
    any other              ``PermanentError``, ``provider_refused``
    =====================  =====================================================================

    Args:
        who: what the message calls the provider.
        status: of the answer.
        said: the provider's words.
        headers: of the answer, their names in lower case or a mapping that does not mind.
        hidden: a key, which is taken out of the words.
    """
    words = quoted(said, hidden=hidden)
    wait = retry_after(headers or {})
    if status == _PAYMENT_REQUIRED:
        return billing(who, words)
    if status == _TOO_MANY_REQUESTS:
        message = f"{who} limits the rate: {words}"
        if wait is not None:
            return RateLimitedError(message, retry_after=wait)
        return TransientError(message, code="rate_limited")
    if status in _PASSING or status >= 500:  # noqa: PLR2004 - HTTP's own number
        return TransientError(
            f"{who} failed: {words}", retry_after=wait, code="provider_unavailable"
        )
    message = f"{who} refused: {words}; check the key, the address and the model"
    return PermanentError(message, code="provider_refused")


def billing(who: str, words: str) -> PermanentError:
    """The provider wants money."""
    message = f"{who} asks for money: {words}; check the plan and its limits there"
    return PermanentError(message, code="billing")


def content_policy(who: str, said: str, *, hidden: str | None = None) -> PermanentError:
    """The model, or a filter around it, does not want to."""
    message = f"{who} rejects this by its content policy: {quoted(said, hidden=hidden)}"
    return PermanentError(f"{message}; change the prompt", code="content_policy")


def unreachable(who: str) -> TransientError:
    """There is no connection, or it was lost."""
    message = f"cannot reach {who}, or lost it; check that it runs"
    return TransientError(message, code="provider_unavailable")


def quoted(said: str, *, hidden: str | None = None) -> str:
    """A provider's words for a message: short, in quotes, and without the key that they echo."""
    # The key first: cut in half it would not be found.
    clean = said.replace(hidden, "***") if hidden else said
    return repr(clean if len(clean) <= _LONGEST_MESSAGE else clean[:_LONGEST_MESSAGE] + "…")


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """The server's ``Retry-After``, between a second and an hour; ``None`` if it makes no sense."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        seconds = min(float(value), _LONGEST_WAIT.total_seconds())
    else:
        try:
            at = parsedate_to_datetime(value)
        except ValueError:
            return None
        aware = at if at.tzinfo else at.replace(tzinfo=UTC)
        seconds = (aware - datetime.now(UTC)).total_seconds()
    return min(max(timedelta(seconds=seconds), _SHORTEST_WAIT), _LONGEST_WAIT)
