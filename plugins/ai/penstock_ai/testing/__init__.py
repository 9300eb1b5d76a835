"""Tests for the authors of AI providers, for free.

A provider's own tests say how its API answers (:class:`Answer`) in each of the situations in
:class:`Reply`, and inherit the rest::

    class TestAcme(TextContract):
        provider = ACME

        def settings(self, url):
            return AcmeSettings(api_key=self.secret, base_url=url, text_model="acme-1")

        def answer(self, reply, request): ...

The requests go through the provider's real client over a real connection, to a server on this
machine. Needs pytest, which ``penstock[testing]`` brings.
"""

import pytest

# Before it is imported: so that a failing check says what it found.
pytest.register_assert_rewrite("penstock_ai.testing.contract")

from penstock_ai.testing.contract import ImageContract, ProviderContract, TextContract
from penstock_ai.testing.replies import PNG, TEXT, Answer, Ending, Reply, Request
from penstock_ai.testing.wire_server import WireServer

__all__ = [
    "PNG",
    "TEXT",
    "Answer",
    "Ending",
    "ImageContract",
    "ProviderContract",
    "Reply",
    "Request",
    "TextContract",
    "WireServer",
]
