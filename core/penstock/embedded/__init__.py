"""The server that Penstock starts itself where nobody configured one.

`EmbeddedRedis` runs a Redis-compatible server as a child process, with its data in a folder. It
is what ``penstock dev`` uses; a cluster is given ``REDIS_URL`` instead.
"""

from penstock.embedded.address_file import find
from penstock.embedded.errors import EmbeddedServerError
from penstock.embedded.server import EmbeddedRedis

__all__ = ["EmbeddedRedis", "EmbeddedServerError", "find"]
