"""What pytest gets from an installed Penstock: fixtures, one option and one marker.

Nothing of Penstock is imported before a test asks for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from penstock.testing.harness import Harness

try:
    import pytest_asyncio
except ImportError:
    # It runs `async def` fixtures and tests; `penstock[testing]` brings it.
    _fixture = pytest.fixture
else:
    _fixture = pytest_asyncio.fixture


@_fixture
async def harness() -> AsyncIterator[Harness]:
    """Runs task types in this process, with no services; see :class:`penstock.testing.Harness`."""
    from penstock.testing.harness import Harness  # noqa: PLC0415  (see above)

    async with Harness() as harness:
        yield harness
