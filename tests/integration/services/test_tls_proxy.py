"""The tests' own TLS is a real one."""

import socket
import ssl

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from tests.services import Certificates, TlsProxy


@pytest.fixture
def certificates(tmp_path):
    return Certificates(tmp_path)


@pytest.fixture
def proxy(redis_server, certificates):
    with TlsProxy(redis_server.port, certificates.server_context()) as proxy:
        yield proxy


@pytest.fixture
def client(proxy, certificates):
    with Redis(
        port=proxy.port,
        host="127.0.0.1",
        ssl=True,
        ssl_ca_certs=str(certificates.authority),
        socket_timeout=0.5,
        retry=Retry(NoBackoff(), 0),
    ) as client:
        yield client


def test_it_passes_on_whatever_comes_by_tls(client, proxy, namespace):
    value = b"x" * 1_000_000

    client.set(namespace, value, ex=10)

    assert client.get(namespace) == value
    assert proxy.handshakes == 1


def test_the_certificate_is_that_of_its_authority(proxy, certificates):
    context = ssl.create_default_context(cafile=str(certificates.authority))
    with (
        socket.create_connection(("127.0.0.1", proxy.port)) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        certificate = connection.getpeercert()
        assert certificate is not None
        assert certificate["subjectAltName"] == (("IP Address", "127.0.0.1"),)


def test_without_tls_nothing_gets_through(proxy):
    with (
        Redis(port=proxy.port, retry=Retry(NoBackoff(), 0)) as client,
        pytest.raises(RedisConnectionError),
    ):
        client.ping()


def test_a_cut_ends_connections_and_new_ones_are_taken(client, proxy):
    connection = client.connection_pool.get_connection()
    proxy.cut()
    with pytest.raises(RedisConnectionError):
        connection.read_response()

    client.connection_pool.release(connection)
    assert client.ping()
    assert proxy.handshakes == 2


def test_one_that_hangs_answers_nothing(client, proxy):
    client.ping()
    proxy.hang()
    with pytest.raises(RedisTimeoutError):
        client.ping()
