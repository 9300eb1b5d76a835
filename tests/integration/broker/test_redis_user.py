"""A user of Redis with no more rights than docs/redis.md asks for: all works, and nothing else."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from msgspec import Struct

from penstock import Context, Queue, RateLimit, TransientError, task
from penstock.app import Application
from penstock.engine import Engine, EngineUnavailableError, RedisServers, ServerWatch
from penstock.events import Event
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings
from tests.services import RedisServer, RedisUser
from tests.services.at_work import at_work
from tests.services.index import new_index

# Every limit there is, so that every part of the scripts runs.
QUEUE = Queue(
    "numbers",
    concurrency=2,
    global_concurrency=4,
    rate_limit=RateLimit(limit=100, period=timedelta(seconds=1)),
)


class Number(Struct):
    value: int


@task("numbers.double", queue=QUEUE)
async def double(number: Number, ctx: Context) -> Number:
    """Twice as much, at the second attempt."""
    await ctx.delta("one moment")
    if ctx.attempt == 1:
        raise TransientError("not at once", retry_after=timedelta(milliseconds=50))
    return Number(2 * number.value)


PLUGIN = Plugin(name="numbers", distribution="numbers", version="1", queues=[QUEUE], tasks=[double])


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis that this test may give users to."""
    with RedisServer(tmp_path / "own-redis") as server:
        yield server


@pytest.fixture
def user(own_redis: RedisServer, namespace: str) -> RedisUser:
    return RedisUser(own_redis, namespace)


@pytest.fixture
async def engine(user: RedisUser, namespace: str) -> AsyncIterator[Engine]:
    servers = RedisServers(user.url)
    engine = Engine(servers, namespace=namespace, lease=timedelta(seconds=2))
    yield engine
    await engine.close()


async def test_a_worker_takes_a_task_to_its_result(
    user: RedisUser, namespace: str, sqlite_url: str, tmp_path: Path
) -> None:
    environment = {
        "REDIS_URL": user.url,
        "DATABASE_URL": sqlite_url,
        "PENSTOCK_NAMESPACE": namespace,
        "PENSTOCK_LEASE_SECONDS": "0.5",
    }
    settings = Settings.load(environment, tmp_path, plugins=["numbers"])
    async with Application(settings, Catalogue(plugins=[PLUGIN])) as application:
        broker = application.broker()
        await broker.startup()
        async with at_work(application.worker()):
            called = await broker.task_of(double).kiq(Number(21))
            record = await application.dispatch.find(UUID(called.task_id))
            assert record is not None
            told = [each async for batch in application.hub.follow(record) for each in batch]
            result = await called.wait_result(check_interval=0.02, timeout=10)
            health = await application.dispatch.health()
        await broker.shutdown()

    assert (result.is_err, result.return_value) == (False, Number(42))
    assert health.status == "ok"
    assert [each.kind for each in told if isinstance(each, Event)] == ["delta", "delta"]
    assert user.refused() == []


async def test_the_server_can_be_checked(user: RedisUser) -> None:
    watch = ServerWatch(RedisServers(user.url))

    assert [each.maxmemory_policy for each in await watch.check()] == ["noeviction"]

    await watch.close()
    assert user.refused() == []


@pytest.mark.parametrize("lacking", ["-@write", "-time", "-@scripting", "resetkeys"])
async def test_a_right_that_lacks_is_named_with_the_remedy(
    engine: Engine, user: RedisUser, lacking: str
) -> None:
    await new_index(engine, "numbers")
    user.set(lacking)

    with pytest.raises(EngineUnavailableError, match="REDIS_URL lacks this permission"):
        await engine.claim(QUEUE, 1)


async def test_a_wrong_password_is_named_without_being_shown(
    engine: Engine, user: RedisUser
) -> None:
    user.set("resetpass", ">another")

    with pytest.raises(EngineUnavailableError, match="correct the user and the password") as caught:
        await engine.ping()

    assert "word" not in str(caught.value).replace("password", "")


async def test_a_password_that_lacks_is_named(own_redis: RedisServer, user: RedisUser) -> None:
    user.set("+acl")
    servers = RedisServers(own_redis.url)
    engine = Engine(servers, namespace="penstock", lease=timedelta(seconds=2))
    admin = RedisServers(user.url).command_client()
    await admin.execute_command("ACL", "SETUSER", "default", "resetpass", ">secret")

    with pytest.raises(EngineUnavailableError, match="put a user and a password into REDIS_URL"):
        await engine.ping()

    await admin.execute_command("ACL", "SETUSER", "default", "nopass")
    await admin.aclose()
    await engine.close()


async def test_other_keys_and_dangerous_commands_are_out_of_its_reach(
    user: RedisUser, namespace: str
) -> None:
    client = RedisServers(user.url).command_client()
    for command in (
        ("GET", "another:key"),
        ("PUBLISH", "another:channel", "1"),
        ("FLUSHALL",),
        ("KEYS", "*"),
        ("CONFIG", "GET", "*"),
        ("ACL", "LIST"),
    ):
        with pytest.raises(Exception, match=r"[Nn]o permissions"):
            await client.execute_command(*command)
    # The rights for what is to come.
    assert await client.publish(f"{namespace}:channel", "1") == 0
    await client.aclose()
