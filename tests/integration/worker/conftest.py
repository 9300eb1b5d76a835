"""What tests of whole workers have in common."""

from pathlib import Path

import pytest

from penstock.settings import Settings


@pytest.fixture
def settings(redis_url: str, namespace: str, postgresql_url: str, tmp_path: Path) -> Settings:
    """An installation with its ledger on PostgreSQL; a test that needs another has its own."""
    environment = {
        "REDIS_URL": redis_url,
        "DATABASE_URL": postgresql_url,
        "PENSTOCK_NAMESPACE": namespace,
    }
    return Settings.load(environment, tmp_path)
