"""TLS in front of a server that has none."""

import contextlib
import select
import socket
import ssl
import threading
from typing import Self

from tests.services.free_port import find_free_port

_HANDSHAKE = b"\x16"  # the first byte of every TLS connection
_CHUNK = 65_536
_LEAVE = 0.5


class TlsProxy:
    """Terminates TLS on a port of its own and passes the bytes on, both ways.

    Threads and blocking sockets, because asyncio keeps the alert to itself by which TLS says what
    is wrong.

    Args:
        target_port: of the server on 127.0.0.1; another one may be set for new connections.
        context: of the TLS server, with its certificate.
        plain_too: whether a client without TLS is passed on as well: the Sentinels of a test speak
            plainly to the same port that they tell clients of.
    """

    def __init__(
        self, target_port: int, context: ssl.SSLContext, *, plain_too: bool = False
    ) -> None:
        self.port = find_free_port()
        self.handshakes = 0
        self.target_port = target_port
        self.context = context
        self._plain_too = plain_too
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._stopping = False
        self._answering = threading.Event()
        self._answering.set()

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._start(self._accept)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stopping = True
        self._answering.set()
        # Wakes the thread that waits for a connection, which closing would not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        self.cut()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def cut(self) -> None:
        """End every connection, as a firewall would; new ones are taken."""
        with self._lock:
            for each in self._open:
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(each, socket.SHUT_RDWR)

    def hang(self) -> None:
        """Answer nothing any more; connections stay open."""
        self._answering.clear()

    def _start(self, target, *arguments) -> None:
        thread = threading.Thread(target=target, args=arguments, name=f"tls-proxy-{self.port}")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            stack.enter_context(connection)
            self._keep(connection, stack)
            client = connection
            if not self._plain_too or connection.recv(1, socket.MSG_PEEK) == _HANDSHAKE:
                client = stack.enter_context(
                    self.context.wrap_socket(
                        connection, server_side=True, do_handshake_on_connect=False
                    )
                )
                self._keep(client, stack)
                try:
                    client.do_handshake()
                except ssl.SSLError:
                    # It shall have the time to read the alert before it hears of the end.
                    client.settimeout(_LEAVE)
                    while socket.socket.recv(client, _CHUNK):
                        pass
                    raise
                self.handshakes += 1
            server = stack.enter_context(socket.create_connection(("127.0.0.1", self.target_port)))
            while self._pass_on(client, server):
                pass

    def _keep(self, connection: socket.socket, stack: contextlib.ExitStack) -> None:
        """Remember it for as long as it is open, for whoever wants to cut it."""

        def forget() -> None:
            with self._lock:
                self._open.discard(connection)

        with self._lock:
            self._open.add(connection)
        stack.callback(forget)

    def _pass_on(self, client: socket.socket, server: socket.socket) -> bool:
        """Pass on what is there on either side, once it is; whether both sides go on."""
        waiting = isinstance(client, ssl.SSLSocket) and client.pending()
        readable = [client] if waiting else select.select([client, server], [], [])[0]
        self._answering.wait()
        for source, drain in ((client, server), (server, client)):
            if source in readable:
                chunk = source.recv(_CHUNK)
                if not chunk:
                    return False
                drain.sendall(chunk)
        return True
