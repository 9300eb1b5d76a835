"""Whether the API can listen is known before anything is started."""

import socket

import pytest

from penstock.cli.port import PortError, require_free


def test_a_free_port_is_left_free(free_port):
    require_free("127.0.0.1", free_port)
    require_free("127.0.0.1", free_port)


def test_a_port_that_is_taken_is_named_with_the_setting():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(
            PortError, match=rf"port {port} of 127.* another program.*PENSTOCK_PORT"
        ):
            require_free("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused(free_port):
    with pytest.raises(PortError, match=r"192\.0\.2\.1.*PENSTOCK_HOST"):
        require_free("192.0.2.1", free_port)
