"""From what the OpenAI SDK raises to what a task shall do next.

The SDK's own exceptions go no further than this: they cannot be pickled, and hold the request with
its key. Raise what comes from here ``from None``, so that no traceback shows them.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TypeGuard

import httpx2
import openai

from penstock import PermanentError, RateLimitedError, TaskError, TransientError
from penstock_ai.providers.openai_address import Address

_LONGEST_MESSAGE = 500
_LONGEST_WAIT = timedelta(hours=1)
# A server that says "now" or names a time of the past must not make a task spin.
_SHORTEST_WAIT = timedelta(seconds=1)

_TOO_MANY_REQUESTS = 429
_PAYMENT_REQUIRED = 402
_BILLING = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"}
_CONTENT_POLICY = {"content_policy_violation", "content_filter", "moderation_blocked"}
_RATE_LIMITED = {"rate_limit_exceeded", "rate_limit_error"}
_REFUSED = {"invalid_request_error"}


class OpenAiErrors:
    """Translates for one server.

    Args:
        server: what messages call it.
        key: is taken out of every message.
    """

    def __init__(self, server: Address, key: str | None) -> None:
        self._server = server
        self._key = key

    def task_error(self, error: openai.APIError) -> TaskError:
        """What a failed request means for its task.

        A status code counts for more than the words beside it, but for billing and content policy,
        which come with several. An error in the middle of a stream has only words.
        """
        if isinstance(error, openai.APITimeoutError):
            message = f"{self._server} took too long to connect; check that it runs"
            return TransientError(message, code="provider_timeout")
        if isinstance(error, openai.APIConnectionError):
            message = f"cannot reach {self._server}, or lost it; check that it runs"
            return TransientError(message, code="provider_unavailable")
        return self._of_answer(error)

    def _of_answer(self, error: openai.APIError) -> TaskError:
        words = {str(error.code), str(error.type)}
        status = _status(error)
        said = self._quote(error.message)
        if status == _PAYMENT_REQUIRED or words & _BILLING:
            message = f"{self._server} asks for money: {said}; check the plan and its limits there"
            return PermanentError(message, code="billing")
        if words & _CONTENT_POLICY:
            return self.content_policy(error.message)
        wait = retry_after(error.response.headers) if _has_response(error) else None
        if status == _TOO_MANY_REQUESTS or (status is None and words & _RATE_LIMITED):
            message = f"{self._server} limits the rate: {said}"
            if wait is not None:
                return RateLimitedError(message, retry_after=wait)
            # A request that is larger than the limit is answered like this for ever: it must spend
            # its attempts, and close the provider to nobody.
            return TransientError(message, code="rate_limited")
        if _is_passing(status, words):
            message = f"{self._server} failed: {said}"
            return TransientError(message, retry_after=wait, code="provider_unavailable")
        message = f"{self._server} refused: {said}; check the key, the address and the model"
        return PermanentError(message, code="provider_refused")

    def content_policy(self, said: str) -> PermanentError:
        """The model, or a filter around it, does not want to."""
        message = f"{self._server} rejects this by its content policy: {self._quote(said)}"
        return PermanentError(f"{message}; change the prompt", code="content_policy")

    def _quote(self, text: str) -> str:
        # The key first: cut in half it would not be found.
        clean = text.replace(self._key, "***") if self._key else text
        shown = clean if len(clean) <= _LONGEST_MESSAGE else clean[:_LONGEST_MESSAGE] + "…"
        return repr(shown)


def was_not_sent(error: openai.APIConnectionError) -> bool:
    """Whether the request certainly did not leave: there was no connection for it yet."""
    before = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
    return isinstance(error.__cause__, before)


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


def _has_response(error: openai.APIError) -> TypeGuard[openai.APIStatusError]:
    return isinstance(error, openai.APIStatusError)


def _status(error: openai.APIError) -> int | None:
    if _has_response(error):
        return error.status_code
    # llama.cpp's server has the status as the code of an error in the stream.
    code = error.code or ""
    return int(code) if re.fullmatch(r"[345][0-9]{2}", code) else None


def _is_passing(status: int | None, words: set[str]) -> bool:
    if status is None:
        return not words & _REFUSED
    return status in {408, 409} or status >= 500  # noqa: PLR2004 - HTTP's own numbers
