"""Two namespaces and one database: the second installation is refused, and puts nothing in line."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from redis.asyncio import Redis

from penstock import Client, PenstockError
from penstock.app import Application
from penstock.cli.root import root
from penstock.ledger import ForeignDatabaseError, Ledger, Ownership
from penstock.plugins import discover, load
from penstock.settings import Settings
from tests.integration.dispatch.conftest import until


@pytest.fixture
def environment(redis_url: str, namespace: str, sqlite_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "REDIS_URL": redis_url,
        "DATABASE_URL": sqlite_url,
        "PENSTOCK_NAMESPACE": f"{namespace}-one",
        "PENSTOCK_DATA_DIR": str(tmp_path / "data"),
    }


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    ledger = Ledger(database_url)
    yield ledger
    await ledger.close()


def ownerships(ledger: Ledger, *names: str) -> list[Ownership]:
    return [Ownership(ledger.database, namespace=name) for name in names]


async def test_a_database_belongs_to_the_namespace_that_came_first(ledger: Ledger) -> None:
    one, also_one, two = ownerships(ledger, "one", "one", "two")

    await one.require()
    await also_one.require()
    with pytest.raises(ForeignDatabaseError, match=r"PENSTOCK_NAMESPACE=one, and here it is two"):
        await two.require()


async def test_of_several_that_come_at_once_one_namespace_has_it(ledger: Ledger) -> None:
    answers = await asyncio.gather(
        *(each.require() for each in ownerships(ledger, "one", "two", "one", "two")),
        return_exceptions=True,
    )

    assert [answer is None for answer in answers] in (
        [True, False, True, False],
        [False, True, False, True],
    )


async def test_once_it_is_known_nobody_asks_again(ledger: Ledger) -> None:
    (one,) = ownerships(ledger, "one")
    await one.require()
    before = ledger.database.statements
    await one.require()
    assert ledger.database.statements == before


async def test_a_name_that_was_changed_on_purpose_takes_it_over(ledger: Ledger) -> None:
    one, two = ownerships(ledger, "one", "two")
    await one.require()

    await two.take()

    await two.require()
    (late,) = ownerships(ledger, "one")
    with pytest.raises(ForeignDatabaseError):
        await late.require()


async def test_what_waits_stays_with_its_own_installation(
    environment: dict[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = {**environment, "PENSTOCK_NAMESPACE": f"{environment['PENSTOCK_NAMESPACE']}-other"}
    mine, foreign = (
        Application(Settings.load(each, tmp_path), load(discover()))
        for each in (environment, other)
    )
    async with Client(environ=environment, directory=tmp_path) as client, mine:
        await mine.ownership.require()
        await client.submit("ai.document", {"markdown": "# Hello"})
        await until(lambda: _waits(mine))
        async with foreign:
            await until(lambda: _is_said(caplog, "all repair waits: the database belongs to"))
    # It has ended, and so has its round.
    async with Redis.from_url(environment["REDIS_URL"]) as redis:
        assert await redis.keys(f"{other['PENSTOCK_NAMESPACE']}:*") == []


async def _waits(application: Application) -> bool:
    return (await application.engine.counts(["ai"]))["ai"].waiting == 1


async def _is_said(caplog: pytest.LogCaptureFixture, words: str) -> bool:
    return words in caplog.text


async def test_a_client_of_another_namespace_is_refused(
    environment: dict[str, str], tmp_path: Path
) -> None:
    async with Client(environ=environment, directory=tmp_path):
        pass
    other = Client(environ={**environment, "PENSTOCK_NAMESPACE": "other"}, directory=tmp_path)

    with pytest.raises(ForeignDatabaseError, match="penstock db take"):
        await other.__aenter__()

    with pytest.raises(PenstockError, match="closed"):
        _ = other.application


@pytest.mark.parametrize("command", ["api", "worker"])
def test_a_process_of_another_namespace_does_not_start(
    environment: dict[str, str], tmp_path: Path, command: str, free_port: int
) -> None:
    other = {**environment, "PENSTOCK_NAMESPACE": "other", "PENSTOCK_PORT": str(free_port)}
    took = CliRunner().invoke(root, ["db", "take", "--yes"], env=environment)
    assert took.exit_code == 0, took.output

    refused = subprocess.run(
        [sys.executable, "-m", "penstock", command],
        env={**os.environ, **other},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert refused.returncode == 1
    assert f"PENSTOCK_NAMESPACE={environment['PENSTOCK_NAMESPACE']}" in refused.stderr
    assert "penstock db take" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_whoever_takes_it_is_asked_with_its_name_and_its_owner_s(environment: dict[str, str]):
    database, mine = environment["DATABASE_URL"], environment["PENSTOCK_NAMESPACE"]

    def take(answer: str, namespace: str = mine) -> str:
        env = {**environment, "PENSTOCK_NAMESPACE": namespace}
        return CliRunner().invoke(root, ["db", "take"], input=answer, env=env).stderr

    asked = f"{database} belongs to {mine!r}; let it belong to 'other'? Processes of {mine!r} have"
    assert f"{database} belongs to nobody; let it belong to {mine!r}?" in take("y\n")
    assert asked in take("n\n", "other")
    assert asked in take("y\n", "other")
    assert f"{database} belongs to 'other'; let it belong to {mine!r}?" in take("n\n")
