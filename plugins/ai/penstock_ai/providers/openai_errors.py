"""From what the OpenAI SDK raises to what a task shall do next.

The SDK's own exceptions go no further than this: they cannot be pickled, and hold the request with
its key. Raise what comes from here ``from None``, so that no traceback shows them.
"""

import re
from typing import TypeGuard

import httpx2
import openai

from penstock import PermanentError, TaskError, TransientError
from penstock_ai.providers.failures import (
    billing,
    content_policy,
    http_failure,
    quoted,
    unreachable,
)
from penstock_ai.providers.openai_address import Address

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
            return unreachable(str(self._server))
        return self._of_answer(error)

    def _of_answer(self, error: openai.APIError) -> TaskError:
        words = {str(error.code), str(error.type)}
        status = _status(error)
        if words & _BILLING:
            return billing(str(self._server), quoted(error.message, hidden=self._key))
        if words & _CONTENT_POLICY:
            return self.content_policy(error.message)
        if status is None:
            status = _status_of(words)
        headers = error.response.headers if _has_response(error) else None
        return http_failure(
            str(self._server), status, error.message, headers=headers, hidden=self._key
        )

    def content_policy(self, said: str) -> PermanentError:
        """The model, or a filter around it, does not want to."""
        return content_policy(str(self._server), said, hidden=self._key)


def was_not_sent(error: openai.APIConnectionError) -> bool:
    """Whether the request certainly did not leave: there was no connection for it yet."""
    before = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)
    return isinstance(error.__cause__, before)


def _has_response(error: openai.APIError) -> TypeGuard[openai.APIStatusError]:
    return isinstance(error, openai.APIStatusError)


def _status(error: openai.APIError) -> int | None:
    if _has_response(error):
        return error.status_code
    # llama.cpp's server has the status as the code of an error in the stream.
    code = error.code or ""
    return int(code) if re.fullmatch(r"[345][0-9]{2}", code) else None


def _status_of(words: set[str]) -> int:
    """The status that an error without one would have had."""
    if words & _RATE_LIMITED:
        return 429
    return 400 if words & _REFUSED else 500
