"""A line to a server that tests may make slow, stall and cut."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Self

from tests.services.free_port import find_free_port

_PROGRAM = Path(__file__).with_name("proxy_program.py")


class Proxy:
    """Listens on a port of its own and forwards to ``upstream``, another port of this machine.

    Every order holds once its method returns, and until :meth:`heal`.
    """

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.port = find_free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_PROGRAM), str(self.port), str(self.upstream)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # Ctrl-C is for the test, which ends its proxies last.
            process_group=0,
        )
        self._answer()

    def stop(self) -> None:
        if self._process is not None:
            self._process.communicate(timeout=10)
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    # -- what may be wrong with the line ---------------------------------------------------------

    def slow(self, delay: timedelta) -> None:
        """Keep all that is sent under way for ``delay``, in each direction."""
        self._order(delay=delay.total_seconds())

    def limit(self, bytes_per_second: float) -> None:
        """Narrow the line, in each direction."""
        self._order(bandwidth=bytes_per_second)

    def stall(self) -> None:
        """Let nothing through; connections stay open."""
        self._order(stalled=True)

    def refuse(self) -> None:
        """Close every connection, and each new one at once."""
        self._order(refusing=True, cut=True)

    def cut(self) -> None:
        """Close every connection; new ones work."""
        self._order(cut=True)

    def heal(self) -> None:
        """Work well; what was stalled arrives."""
        self._order(delay=0.0, bandwidth=None, stalled=False, refusing=False)

    # -- plumbing --------------------------------------------------------------------------------

    def _order(self, **change: object) -> None:
        process = self._running()
        assert process.stdin is not None
        process.stdin.write(json.dumps(change).encode() + b"\n")
        process.stdin.flush()
        self._answer()

    def _answer(self) -> None:
        process = self._running()
        assert process.stdout is not None
        if not process.stdout.readline():
            raise RuntimeError(
                f"the proxy on port {self.port} ended with {process.wait()} (is the port free?)"
            )

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError(f"the proxy on port {self.port} does not run: start() it")
        return self._process
