"""Whether the API's port can be had."""

import errno
import socket

from penstock.declarations import PenstockError


class PortError(PenstockError):
    """The API cannot listen where it shall."""


def require_free(host: str, port: int) -> None:
    """Check, before anything is started, that the API will be able to listen.

    Raises:
        PortError: if it will not, saying why.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # As servers do: the remains of closed connections do not occupy a port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortError(
                f"expected port {port} of {host} to be free, but another program listens on it; "
                "stop that one (another `penstock dev`?), or set PENSTOCK_PORT to another port"
            ) from error
        raise PortError(
            f"cannot listen on port {port} of {host}: {error.strerror}; "
            "set PENSTOCK_HOST and PENSTOCK_PORT to an address of this machine"
        ) from error
