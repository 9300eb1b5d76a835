"""The files that TLS needs, looked at before anything connects."""

import ssl
from collections.abc import Mapping

from penstock.redis_url import RedisUrlError


def check(options: Mapping[str, str | bool]) -> None:
    """Try to read the certificates and the key that redis-py's options of TLS name.

    redis-py reads them at every connection, and says of a file that is not there no more than
    "Error 2 connecting to host:6379".

    Raises:
        RedisUrlError: naming the option and the file.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_certs := options.get("ssl_ca_certs"):
        try:
            context.load_verify_locations(cafile=str(ca_certs))
        except OSError as error:
            raise _unusable(
                "ssl_ca_certs", ca_certs, "certificates of an authority", error
            ) from None
    if certfile := options.get("ssl_certfile"):
        keyfile = options.get("ssl_keyfile")
        try:
            context.load_cert_chain(
                str(certfile),
                None if keyfile is None else str(keyfile),
                # Without one, OpenSSL would ask for it at the terminal.
                password=str(options.get("ssl_password", "")),
            )
        except OSError as error:
            what = "a certificate with its key" if keyfile is None else f"that of {keyfile!r}"
            raise _unusable("ssl_certfile", certfile, what, error) from None


def _unusable(option: str, value: object, what: str, error: OSError) -> RedisUrlError:
    return RedisUrlError(
        f"expected {option} of REDIS_URL to name a file in PEM format with {what}, got {value!r}: "
        f"{error}"
    )
