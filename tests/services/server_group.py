"""What several servers that belong together have in common."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from redis.exceptions import RedisError


class ServerGroup(ABC):
    """Servers that are started and stopped together; a context manager."""

    patience: float
    """Seconds that anything may take."""

    @abstractmethod
    def start(self) -> None:
        """Return once they serve."""

    @abstractmethod
    def stop(self) -> None:
        """Stop all that run."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def _wait(self, condition: Callable[[], bool], what: str) -> None:
        """Return once ``condition`` holds; a server that does not answer is no error meanwhile."""
        deadline = time.monotonic() + self.patience
        while True:
            with suppress(RedisError):
                if condition():
                    return
            if time.monotonic() > deadline:
                raise TimeoutError(f"waited {self.patience} s for {what}")
            time.sleep(0.02)
