"""Real services for tests, as plain classes: start, break, stop."""

from tests.services.free_port import find_free_port
from tests.services.postgres_server import PostgresServer
from tests.services.proxy import Proxy
from tests.services.redis_server import RedisServer

__all__ = ["PostgresServer", "Proxy", "RedisServer", "find_free_port"]
