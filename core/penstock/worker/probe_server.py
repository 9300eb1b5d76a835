"""Answers an orchestrator's probes from a thread, so that a busy event loop cannot hold it up."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Probe = Callable[[], str]
"""Says what is wrong; nothing if all is well."""


class ProbeServer:
    """Serves ``GET /livez`` and ``GET /readyz``: 200, or 503 with what is wrong.

    Local and cheap: neither asks Redis or the database anything.

    Args:
        host: where to listen.
        port: on which port; 0 chooses a free one.
        live: whether the process is of any use; if not, it is to be started anew.
        ready: whether it does its work at present.

    Raises:
        OSError: nobody can listen there.
    """

    def __init__(self, host: str, port: int, *, live: Probe, ready: Probe) -> None:
        probes = {"/livez": live, "/readyz": ready}
        self._server = ThreadingHTTPServer((host, port), _handler(probes))
        self._server.daemon_threads = True
        self.port: int = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="probes", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(probes: dict[str, Probe]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            probe = probes.get(self.path.partition("?")[0])
            if probe is None:
                self._send(HTTPStatus.NOT_FOUND, "there are /livez and /readyz")
                return
            wrong = probe()
            self._send(HTTPStatus.SERVICE_UNAVAILABLE if wrong else HTTPStatus.OK, wrong or "ok")

        def _send(self, status: HTTPStatus, detail: str) -> None:
            body = json.dumps({"status": status.value, "detail": detail}).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Probes come every few seconds: say nothing."""

    return Handler
