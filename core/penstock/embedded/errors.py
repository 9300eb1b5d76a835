"""What can go wrong with the embedded server."""

from penstock.declarations.errors import PenstockError


class EmbeddedServerError(PenstockError):
    """The embedded server is missing, does not start, or its data folder is in use."""
