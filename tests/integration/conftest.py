"""What tests of several rooms together have in common."""

from pathlib import Path

import pytest


@pytest.fixture
def environment(
    redis_url: str, namespace: str, database_url: str, tmp_path: Path
) -> dict[str, str]:
    """The variables of an installation of the test's own."""
    return {
        "REDIS_URL": redis_url,
        "DATABASE_URL": database_url,
        "PENSTOCK_NAMESPACE": namespace,
        "PENSTOCK_DATA_DIR": str(tmp_path / "data"),
    }
