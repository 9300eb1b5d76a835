"""Who is calling: credentials in, a principal out.

::

    PenstockError
    └── UnauthorizedError       no credentials, or ones that nobody has
"""

import hashlib
import hmac
from typing import Protocol

import msgspec

from penstock.declarations import PenstockError


class Principal(msgspec.Struct, frozen=True):
    """Who a request is made by."""

    name: str


async def anonymous() -> Principal:
    """Somebody, for the few routes that are open to all."""
    return Principal("anonymous")


class UnauthorizedError(PenstockError):
    """The request does not say who makes it, or nobody has these credentials.

    Attributes:
        challenge: the value of the answer's ``WWW-Authenticate`` header.
    """

    def __init__(self, message: str, *, challenge: str) -> None:
        super().__init__(message)
        self.challenge = challenge


class Access(Protocol):
    """Decides who may use the API."""

    async def principal(self, authorization: str | None) -> Principal:
        """Who sent this ``Authorization`` header.

        Raises:
            UnauthorizedError: if that cannot be told.
        """
        ...


class SingleKeyAccess:
    """One key for everybody, sent as ``Authorization: Bearer <key>``.

    Args:
        key: the key; not empty.
        name: the name of the principal who has it.
    """

    def __init__(self, key: str, *, name: str = "api-key") -> None:
        if not key:
            message = "expected the API key to have at least one character, got none"
            raise ValueError(message)
        self._digest = hashlib.sha256(key.encode()).digest()
        self._principal = Principal(name)

    async def principal(self, authorization: str | None) -> Principal:
        """See :meth:`Access.principal`; takes the same time for every wrong key."""
        if not authorization:
            message = "this route needs an API key, and the request has no Authorization header"
            raise UnauthorizedError(message, challenge='Bearer realm="penstock"')
        scheme, _, key = authorization.partition(" ")
        # Servers hand headers over as Latin-1: back to the bytes that the client sent.
        digest = hashlib.sha256(key.strip().encode("latin-1", "replace")).digest()
        if scheme.lower() != "bearer" or not hmac.compare_digest(digest, self._digest):
            message = (
                "the API key in the Authorization header is not valid"
                if scheme.lower() == "bearer"
                else "the Authorization header does not begin with 'Bearer '"
            )
            challenge = 'Bearer realm="penstock", error="invalid_token"'
            raise UnauthorizedError(message, challenge=challenge)
        return self._principal
