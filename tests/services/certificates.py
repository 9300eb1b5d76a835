"""Certificates for tests of TLS, of an authority that nobody else trusts."""

import ssl
from pathlib import Path

import trustme


class Certificates:
    """An authority, what it signed, and the files that settings name.

    Args:
        folder: for the files.
        host: whom the server's certificate is for.
    """

    def __init__(self, folder: Path, *, host: str = "127.0.0.1") -> None:
        folder.mkdir(exist_ok=True)
        authority = trustme.CA()
        client = authority.issue_cert("worker@penstock.test")
        self._authority = authority
        self._server = authority.issue_cert(host)
        self.authority = folder / "ca.pem"
        self.client = folder / "client.pem"
        self.client_key = folder / "client.key"
        authority.cert_pem.write_to_path(str(self.authority))
        client.cert_chain_pems[0].write_to_path(str(self.client))
        client.private_key_pem.write_to_path(str(self.client_key))

    def server_context(self, *, client_certificates: bool = False) -> ssl.SSLContext:
        """Of a server that has the certificate; it may want one of its clients."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._server.configure_cert(context)
        if client_certificates:
            self._authority.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context
