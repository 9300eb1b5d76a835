"""Real services for tests, as plain classes: start, break, stop."""

from tests.services.free_port import find_free_port
from tests.services.postgres_server import PostgresServer
from tests.services.redis_server import RedisServer
from tests.services.sentinel_cluster import SentinelCluster

__all__ = ["PostgresServer", "RedisServer", "SentinelCluster", "find_free_port"]
