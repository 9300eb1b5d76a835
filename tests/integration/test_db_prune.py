"""`penstock db prune`, and an application that does the same by itself."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from penstock.app import Application
from penstock.cli.root import root
from penstock.ledger import IdempotencyKey, Ledger
from penstock.plugins import discover, load
from penstock.settings import Settings
from tests.integration.dispatch.conftest import until
from tests.integration.dispatch.test_retention import ended, left


@pytest.fixture
def environment(environment: dict[str, str]) -> Mapping[str, str]:
    keep = {"PENSTOCK_KEEP_SUCCESS": "12h", "PENSTOCK_IDEMPOTENCY_TTL_SECONDS": "3600"}
    return environment | keep


async def fill(database_url: str) -> None:
    ledger = Ledger(database_url)
    await ended(ledger, timedelta(hours=13))
    await ended(ledger, timedelta(hours=11))
    await ledger.close()


async def count(database_url: str) -> int:
    ledger = Ledger(database_url)
    found = len(await left(ledger))
    await ledger.close()
    return found


def test_what_is_due_is_counted_and_removed(environment, database_url):
    asyncio.run(fill(database_url))

    dry = CliRunner().invoke(root, ["db", "prune", "--dry-run"], env=environment)
    kept = asyncio.run(count(database_url))
    done = CliRunner().invoke(root, ["db", "prune"], env=environment)

    assert (dry.exit_code, done.exit_code) == (0, 0), dry.output + done.output
    assert "1 success tasks would be removed" in dry.stderr
    assert "1 success tasks are removed" in done.stderr
    assert (kept, asyncio.run(count(database_url))) == (2, 1)


def test_a_task_is_kept_as_long_as_its_key_may_be(environment, database_url):
    asyncio.run(fill(database_url))
    longer = {**environment, "PENSTOCK_IDEMPOTENCY_TTL_SECONDS": "86400"}

    done = CliRunner().invoke(root, ["db", "prune"], env=longer)

    assert done.exit_code == 0, done.output
    assert asyncio.run(count(database_url)) == 2


async def test_an_application_does_it_by_itself(environment, database_url, tmp_path, monkeypatch):
    monkeypatch.setattr("penstock.dispatch.pruner._FIRST_PAUSE", 0.01)
    await fill(database_url)

    async with Application(Settings.load(environment, tmp_path), load(discover())):
        await until(lambda: is_pruned(database_url))


async def test_an_application_forgets_keys_that_have_expired(
    environment, database_url, tmp_path, monkeypatch
):
    monkeypatch.setattr("penstock.dispatch.pruner._FIRST_PAUSE", 0.01)
    async with Application(Settings.load(environment, tmp_path), load(discover())) as application:
        keyed = application.ledger.keyed
        past = datetime.now(UTC) - timedelta(seconds=1)
        key = IdempotencyKey(principal="ada", key="k", fingerprint="f", expires_at=past)
        await keyed.claim(key)

        async def is_free() -> bool:
            async with application.ledger.database.read("look") as connection:
                found = await connection.exec_driver_sql("SELECT count(*) FROM idempotency_key")
                return bool(found.scalar_one() == 0)

        await until(is_free)


async def is_pruned(database_url: str) -> bool:
    return await count(database_url) == 1
