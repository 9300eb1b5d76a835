"""Dispatch over a real Redis and both databases, with two task types."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct

from penstock import BatchSummary, Queue, task
from penstock.dispatch import Dispatch, Policies, QueueControl, Reconciler
from penstock.dispatch.audit import Audit
from penstock.dispatch.index_builder import IndexBuilder
from penstock.engine import Counts, Engine, RedisServers
from penstock.ledger import Ledger, Overrides, Ownership
from penstock.plugins import Catalogue, Plugin
from penstock.settings import PROVIDERS, QUEUES, TASKS
from tests.services.engine_clock import use_engine_clock

LEASE = timedelta(minutes=1)
ACME = Queue("acme")
OTHER = Queue("other")


class Resize(Struct):
    source: str
    width: int = 320


@task("acme.resize", queue=ACME)
async def resize(image: Resize) -> Resize:
    return image


def painter(colours: dict[str, str]) -> str | None:
    """A plugin's function that is not ready for every input."""
    return colours["painter"] or None


@task("acme.paint", queue=ACME, provider=painter)
async def paint(colours: dict[str, str]) -> None:
    pass


@task("acme.sweep", queue=ACME, unique=True)
async def sweep(room: str) -> None:
    pass


@task("other.total", queue=OTHER)
async def total(numbers: list[int]) -> int:
    return sum(numbers)


@task("other.report", queue=OTHER)
async def report(batch: BatchSummary) -> int:
    return batch.total


@dataclass
class Installation:
    """One process' worth of objects."""

    catalogue: Catalogue
    policies: Policies
    ledger: Ledger
    engine: Engine
    dispatch: Dispatch
    queue_control: QueueControl
    builder: IndexBuilder
    audit: Audit
    reconciler: Reconciler

    @classmethod
    def build(
        cls,
        *,
        database_url: str,
        redis_url: str,
        namespace: str,
        tuning: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> "Installation":
        plugin = Plugin(
            name="acme",
            distribution="penstock-acme",
            version="1",
            queues=[ACME, OTHER],
            tasks=[resize, paint, sweep, total, report],
        )
        catalogue = Catalogue(plugins=[plugin]).tuned(tuning or {})
        ledger = Ledger(database_url)
        engine = Engine(RedisServers(redis_url), namespace=namespace, lease=LEASE)
        policies = Policies(
            catalogue,
            kinds=(QUEUES, PROVIDERS, TASKS),
            settings={},
            overrides=Overrides(ledger.database),
        )
        dispatch = Dispatch(policies=policies, ledger=ledger, engine=engine, max_input_bytes=10_000)
        return cls(
            catalogue=catalogue,
            ledger=ledger,
            engine=engine,
            policies=policies,
            dispatch=dispatch,
            queue_control=QueueControl(
                policies=policies, ledger=ledger, engine=engine, stops=dispatch.stops
            ),
            builder=IndexBuilder(ledger=ledger, engine=engine, weights=catalogue.user_weights),
            audit=Audit(
                ledger=ledger,
                engine=engine,
                stops=dispatch.stops,
                queues=list(catalogue.queues),
                weights=catalogue.user_weights,
                lease=LEASE,
            ),
            reconciler=Reconciler(
                ledger=ledger,
                engine=engine,
                policies=policies,
                batches=dispatch.completion,
                queues=list(catalogue.queues),
                lease=LEASE,
                ownership=Ownership(ledger.database, namespace=namespace),
                process=secrets.token_hex(4),
            ),
        )

    async def counts(self) -> Counts:
        return (await self.engine.counts(["acme"]))["acme"]

    async def close(self) -> None:
        await self.reconciler.stop()
        await self.dispatch.close()
        await self.engine.close()
        await self.ledger.close()


Build = Callable[..., Installation]


def audit_of(installation: Installation, queues: list[str], *, lease: timedelta) -> Audit:
    """An audit of its own, of an installation with this lease."""
    return Audit(
        ledger=installation.ledger,
        engine=installation.engine,
        stops=installation.dispatch.stops,
        queues=queues,
        weights=lambda _: {},
        lease=lease,
    )


async def until(check: Callable[[], Awaitable[object]], *, within: float = 30) -> None:
    """Return as soon as ``check`` is true of what another process would see."""
    async with asyncio.timeout(within):
        while not await check():  # noqa: ASYNC110  (Redis tells nobody of such changes)
            await asyncio.sleep(0.01)


@pytest.fixture
async def build(
    monkeypatch: pytest.MonkeyPatch, database_url: str, redis_url: str, namespace: str
) -> AsyncIterator[Build]:
    """Builds installations that share database, Redis and namespace, unless told otherwise."""
    use_engine_clock(monkeypatch)
    built: list[Installation] = []

    def one(**options: Any) -> Installation:
        options = {
            "database_url": database_url,
            "redis_url": redis_url,
            "namespace": namespace,
            **options,
        }
        installation = Installation.build(**options)
        built.append(installation)
        return installation

    yield one
    for each in built:
        await each.close()


@pytest.fixture
def installation(build: Build) -> Installation:
    return build()
