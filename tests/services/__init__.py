"""Real services for tests, as plain classes: start, break, stop."""

from tests.services.certificates import Certificates
from tests.services.free_port import find_free_port
from tests.services.postgres_server import PostgresServer
from tests.services.proxy import Proxy
from tests.services.redis_cluster import RedisCluster
from tests.services.redis_server import RedisServer
from tests.services.redis_user import RedisUser
from tests.services.sentinel_cluster import SentinelCluster
from tests.services.tls_proxy import TlsProxy

__all__ = [
    "Certificates",
    "PostgresServer",
    "Proxy",
    "RedisCluster",
    "RedisServer",
    "RedisUser",
    "SentinelCluster",
    "TlsProxy",
    "find_free_port",
]
