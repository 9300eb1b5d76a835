"""Redis by TLS: what is trusted, and what is said about what is not."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from penstock.engine import (
    Engine,
    EngineUnavailableError,
    EpochMissingError,
    Heartbeat,
    RedisServers,
)
from penstock.redis_url import RedisUrlError
from tests.services import Certificates, RedisServer, TlsProxy

LEASE = timedelta(seconds=2)
# Both halves of the engine: the one on the event loop, and the heartbeat's thread.
Reach = Callable[[str], "Reached"]


class Reached:
    """Reaches Redis by an engine and by a heartbeat."""

    def __init__(self, url: str, namespace: str) -> None:
        servers = RedisServers(url)
        self.engine = Engine(servers, namespace=namespace, lease=LEASE)
        self._heartbeat = Heartbeat(servers, namespace=namespace, lease=LEASE, worker="w")

    async def succeeds(self) -> bool:
        await self.engine.ping()
        with pytest.raises(EpochMissingError):
            await asyncio.to_thread(self._heartbeat.renew, "acme", [])
        return True

    async def complaints(self) -> list[str]:
        with pytest.raises(EngineUnavailableError) as of_engine:
            await self.engine.ping()
        with pytest.raises(EngineUnavailableError) as of_heartbeat:
            await asyncio.to_thread(self._heartbeat.renew, "acme", [])
        return [str(of_engine.value), str(of_heartbeat.value)]

    async def close(self) -> None:
        await self.engine.close()
        self._heartbeat.close()


@pytest.fixture
async def reach(namespace: str) -> AsyncIterator[Reach]:
    async with AsyncExitStack() as stack:

        def one(url: str) -> Reached:
            reached = Reached(url, namespace)
            stack.push_async_callback(reached.close)
            return reached

        yield one


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def others_certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("others-certificates"))


@pytest.fixture
def proxy(redis_server: RedisServer, certificates: Certificates) -> Iterator[TlsProxy]:
    with TlsProxy(redis_server.port, certificates.server_context()) as proxy:
        yield proxy


@pytest.fixture
def mutual(redis_server: RedisServer, certificates: Certificates) -> Iterator[TlsProxy]:
    """One that wants certificates of its clients."""
    context = certificates.server_context(client_certificates=True)
    with TlsProxy(redis_server.port, context) as proxy:
        yield proxy


async def test_a_private_authority_is_trusted_once_it_is_named(
    reach: Reach, proxy: TlsProxy, certificates: Certificates
) -> None:
    reached = reach(f"rediss://127.0.0.1:{proxy.port}/0?ssl_ca_certs={certificates.authority}")

    assert await reached.succeeds()
    assert proxy.handshakes == 2


@pytest.mark.parametrize("option", ["", "?ssl_ca_certs={}"], ids=["none-named", "another-named"])
async def test_an_authority_that_is_not_trusted_is_an_error_that_says_what_to_do(
    reach: Reach, proxy: TlsProxy, others_certificates: Certificates, option: str
) -> None:
    option = option.format(others_certificates.authority)
    reached = reach(f"rediss://127.0.0.1:{proxy.port}/0{option}")

    for complaint in await reached.complaints():
        assert "CERTIFICATE_VERIFY_FAILED" in complaint
        assert "name the file of its authority in REDIS_URL, by ?ssl_ca_certs=" in complaint


async def test_a_certificate_for_another_host_is_an_error_that_says_what_to_do(
    reach: Reach, proxy: TlsProxy, certificates: Certificates
) -> None:
    url = f"rediss://localhost:{proxy.port}/0?ssl_ca_certs={certificates.authority}"

    for complaint in await reach(url).complaints():
        assert "the certificate of the server is for another name" in complaint
    assert await reach(f"{url}&ssl_check_hostname=false").succeeds()


async def test_nothing_is_verified_if_the_operator_says_so(reach: Reach, proxy: TlsProxy) -> None:
    assert await reach(f"rediss://127.0.0.1:{proxy.port}/0?ssl_cert_reqs=none").succeeds()


async def test_a_client_may_have_to_show_a_certificate(
    reach: Reach, mutual: TlsProxy, certificates: Certificates
) -> None:
    url = f"rediss://127.0.0.1:{mutual.port}/0?ssl_ca_certs={certificates.authority}"
    shown = f"ssl_certfile={certificates.client}&ssl_keyfile={certificates.client_key}"

    assert await reach(f"{url}&{shown}").succeeds()
    for complaint in await reach(url).complaints():
        assert "name one in REDIS_URL, by ?ssl_certfile=" in complaint


async def test_whoever_writes_while_it_is_refused_learns_why(
    reach: Reach, mutual: TlsProxy, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def drain(self: asyncio.StreamWriter) -> None:
        """What asyncio's own does if the server's word comes just then."""
        async with asyncio.timeout(10):
            while not self.transport.is_closing():  # noqa: ASYNC110  (nothing tells)
                await asyncio.sleep(0.01)
        raise ConnectionResetError("Connection lost")

    monkeypatch.setattr(asyncio.StreamWriter, "drain", drain)
    reached = reach(f"rediss://127.0.0.1:{mutual.port}/0?ssl_ca_certs={certificates.authority}")

    for complaint in await reached.complaints():
        assert "name one in REDIS_URL, by ?ssl_certfile=" in complaint


async def test_a_connection_that_is_cut_is_made_anew(
    reach: Reach, proxy: TlsProxy, certificates: Certificates
) -> None:
    reached = reach(f"rediss://127.0.0.1:{proxy.port}/0?ssl_ca_certs={certificates.authority}")
    waiting = asyncio.create_task(reached.engine.wait("acme", 60))
    assert await reached.succeeds()
    while proxy.handshakes < 3:  # noqa: ASYNC110  (that of the one who waits)
        await asyncio.sleep(0.01)

    proxy.cut()

    with pytest.raises(EngineUnavailableError):
        await waiting
    await reached.engine.wait("acme", 0.05)
    assert await reached.succeeds()


async def test_a_server_that_hangs_keeps_no_process_from_its_end(
    proxy: TlsProxy, certificates: Certificates, namespace: str
) -> None:
    url = f"rediss://127.0.0.1:{proxy.port}/0?ssl_ca_certs={certificates.authority}"
    engine = Engine(RedisServers(url), namespace=namespace, lease=LEASE)
    await engine.ping()

    # By TLS, whoever closes a connection waits for the other side to take leave, too.
    proxy.hang()

    async with asyncio.timeout(20):
        await engine.close()


async def test_renewed_certificates_are_used_for_the_next_connection(
    reach: Reach, redis_server: RedisServer, tmp_path: Path
) -> None:
    old = Certificates(tmp_path)
    with TlsProxy(redis_server.port, old.server_context(client_certificates=True)) as proxy:
        reached = reach(
            f"rediss://127.0.0.1:{proxy.port}/0?ssl_ca_certs={old.authority}"
            f"&ssl_certfile={old.client}&ssl_keyfile={old.client_key}"
        )
        assert await reached.succeeds()

        proxy.context = Certificates(tmp_path).server_context(client_certificates=True)
        proxy.cut()
        await reached.complaints()

        assert await reached.succeeds()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("ssl_ca_certs={missing}", "ssl_ca_certs"),
        ("ssl_ca_certs={key}", "ssl_ca_certs"),
        ("ssl_certfile={certificate}", "ssl_certfile"),
        ("ssl_certfile={missing}&ssl_keyfile={key}", "ssl_certfile"),
        ("ssl_certfile={certificate}&ssl_keyfile={missing}", "ssl_certfile"),
        ("ssl_certfile={certificate}&ssl_keyfile={certificate}", "ssl_certfile"),
    ],
)
def test_files_that_cannot_be_used_are_refused_before_anything_connects(
    certificates: Certificates, tmp_path: Path, options: str, named: str
) -> None:
    files = {
        "missing": tmp_path / "missing.pem",
        "key": certificates.client_key,
        "certificate": certificates.client,
    }

    with pytest.raises(RedisUrlError, match=f"expected {named} of REDIS_URL to name a file"):
        RedisServers(f"rediss://cache/0?{options.format(**files)}")
