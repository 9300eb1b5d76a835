"""A ledger on each database."""

from collections.abc import AsyncIterator

import pytest

from penstock.ledger import Ledger


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    ledger = Ledger(database_url)
    yield ledger
    await ledger.close()
