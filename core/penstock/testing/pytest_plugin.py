"""What pytest gets from an installed Penstock: fixtures, one option and one marker.

Nothing of Penstock is imported before a test asks for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from penstock.testing.harness import Harness

_fixture: Any = pytest.fixture
# It runs `async def` fixtures and tests; `penstock[testing]` brings it.
with suppress(ImportError):
    _fixture = import_module("pytest_asyncio").fixture


@_fixture  # type: ignore[untyped-decorator]
async def harness() -> AsyncIterator[Harness]:
    """Runs task types in this process, with no services; see :class:`penstock.testing.Harness`."""
    from penstock.testing.harness import Harness  # noqa: PLC0415  (see above)

    async with Harness() as harness:
        yield harness
