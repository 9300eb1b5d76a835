"""The user that docs/redis.md tells operators to make."""

import re
from pathlib import Path

from redis import Redis

from tests.services.redis_server import RedisServer

_PAGE = Path(__file__).parents[2] / "docs" / "redis.md"
_PASSWORD = "p@ss/word"


class RedisUser:
    """Makes it, for one namespace, and knows what it was refused."""

    def __init__(self, server: RedisServer, namespace: str) -> None:
        rule = re.search(r"^(ACL SETUSER penstock .*)$", _PAGE.read_text(), re.MULTILINE)
        assert rule is not None, f"{_PAGE} says no longer which user to make"
        words = (
            rule[1].replace("a-long-password", _PASSWORD).replace("penstock:*", f"{namespace}:*")
        )
        self._server = server
        with Redis.from_url(server.url) as admin:
            admin.execute_command(*words.split())
            admin.acl_log_reset()

    @property
    def url(self) -> str:
        return f"redis://penstock:p%40ss%2Fword@127.0.0.1:{self._server.port}/0"

    def refused(self) -> list[str]:
        """What it tried in vain: commands, keys and channels."""
        with Redis.from_url(self._server.url) as admin:
            log = admin.acl_log()
        return [f"{each['reason']} {each['object']} ({each['context']})" for each in log]

    def set(self, *rules: str) -> None:
        """Change its rights."""
        with Redis.from_url(self._server.url) as admin:
            admin.execute_command("ACL", "SETUSER", "penstock", *rules)
