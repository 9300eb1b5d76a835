"""What tests of several rooms together have in common."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def patient_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a connection take as long as a machine needs on which a process may stand still."""
    monkeypatch.setattr("penstock.ledger.database._CONNECT_TIMEOUT", 15.0)
    monkeypatch.setattr("penstock.engine.servers.CONNECT_TIMEOUT", 15.0)


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
