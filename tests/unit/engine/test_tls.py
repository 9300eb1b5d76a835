"""One context for all connections, as long as its files stay what they are."""

import pytest

from penstock.engine.tls import TlsContext
from penstock.redis_url import RedisUrlError
from tests.services import Certificates


@pytest.fixture
def context(tmp_path):
    certificates = Certificates(tmp_path)
    return TlsContext(
        {
            "ssl_ca_certs": str(certificates.authority),
            "ssl_certfile": str(certificates.client),
            "ssl_keyfile": str(certificates.client_key),
        }
    )


def test_it_is_made_once(context):
    assert context.current() is context.current()


@pytest.mark.parametrize("file", ["ca.pem", "client.pem", "client.key"])
def test_it_is_made_anew_when_a_file_changes(context, tmp_path, file):
    before = context.current()

    path = tmp_path / file
    path.write_text(path.read_text() + "\n")

    assert context.current() is not before
    assert context.current() is context.current()


def test_a_file_that_is_half_written_is_refused_until_it_is_whole(context, tmp_path):
    authority = tmp_path / "ca.pem"
    whole = authority.read_text()

    authority.write_text(whole[:40])
    with pytest.raises(RedisUrlError, match="ssl_ca_certs"):
        context.current()
    with pytest.raises(RedisUrlError, match="ssl_ca_certs"):
        context.current()
    authority.write_text(whole)

    context.current()
