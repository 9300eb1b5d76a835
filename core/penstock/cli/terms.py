"""What is said of a task besides its type and its input."""

from datetime import datetime, timedelta
from typing import Any

import msgspec

from penstock.declarations import Priority


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How a task shall be done, as far as anything is said of it."""

    priority: Priority | None = None
    user_id: str | None = None
    delay: timedelta | None = None
    run_at: datetime | None = None
    ttl: timedelta | None = None
    deadline: datetime | None = None
    unique: bool = False
    idempotency_key: str | None = None

    def members(self) -> dict[str, Any]:
        """What the API is sent of it."""
        said = {
            "priority": None if self.priority is None else self.priority.label,
            "user_id": self.user_id,
            "delay_seconds": None if self.delay is None else self.delay.total_seconds(),
            "run_at": None if self.run_at is None else self.run_at.isoformat(),
            "ttl_seconds": None if self.ttl is None else self.ttl.total_seconds(),
            "deadline": None if self.deadline is None else self.deadline.isoformat(),
            "unique": self.unique or None,
            "idempotency_key": self.idempotency_key,
        }
        return {name: value for name, value in said.items() if value is not None}
