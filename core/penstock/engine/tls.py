"""What is trusted, and shown, in a connection by TLS."""

import ssl
from collections.abc import Mapping
from pathlib import Path

from penstock.redis_url import RedisUrlError

_VERIFY = {
    "required": ssl.CERT_REQUIRED,
    "optional": ssl.CERT_OPTIONAL,
    "none": ssl.CERT_NONE,
}


class TlsContext:
    """One context for all connections, made anew when one of its files has changed.

    redis-py makes one for each connection, which takes 20 ms of the event loop, and keeps it for as
    long as that connection is made again: longer than some certificates live. And of a file that
    is not there it says no more than "Error 2 connecting to host:6379".

    Args:
        options: redis-py's, by their names.

    Raises:
        RedisUrlError: a file cannot be used; the message names it and its option.
    """

    def __init__(self, options: Mapping[str, str | bool]) -> None:
        self._options = options
        self._files = [
            Path(str(options[name]))
            for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
            if name in options
        ]
        self._context = self._load()
        self._state = self._look()

    def current(self) -> ssl.SSLContext:
        """The context for a connection that is about to be made.

        Raises:
            RedisUrlError: a file has changed, and cannot be used now.
        """
        state = self._look()
        if state != self._state:
            self._context, self._state = self._load(), state
        return self._context

    def _look(self) -> list[tuple[int, int] | None]:
        """By what a changed file is told: when it was written, and how long it is."""
        return [
            (file.stat().st_mtime_ns, file.stat().st_size) if file.exists() else None
            for file in self._files
        ]

    def _load(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        verify = _VERIFY[str(self._options.get("ssl_cert_reqs", "required"))]
        check_hostname = bool(self._options.get("ssl_check_hostname", True))
        # In this order: a context that checks the name cannot be told to verify nothing.
        context.check_hostname = check_hostname and verify is not ssl.CERT_NONE
        context.verify_mode = verify
        self._trust(context)
        self._show(context)
        return context

    def _trust(self, context: ssl.SSLContext) -> None:
        if "ssl_ca_certs" not in self._options:
            return
        file = str(self._options["ssl_ca_certs"])
        try:
            context.load_verify_locations(cafile=file)
        except OSError as error:
            raise _unusable("ssl_ca_certs", file, "certificates of an authority", error) from None

    def _show(self, context: ssl.SSLContext) -> None:
        if "ssl_certfile" not in self._options:
            return
        file = str(self._options["ssl_certfile"])
        key = self._options.get("ssl_keyfile")
        try:
            context.load_cert_chain(
                file,
                None if key is None else str(key),
                # Without one, OpenSSL would ask for it at the terminal.
                password=str(self._options.get("ssl_password", "")),
            )
        except OSError as error:
            what = "a certificate and its key" if key is None else f"the certificate of {key!r}"
            raise _unusable("ssl_certfile", file, what, error) from None


def _unusable(option: str, file: str, what: str, error: OSError) -> RedisUrlError:
    return RedisUrlError(
        f"expected {option} of REDIS_URL to name a file in PEM format with {what}, got {file!r}: "
        f"{error}"
    )
