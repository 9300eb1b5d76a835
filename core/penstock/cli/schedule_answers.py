"""What the API says of schedules."""

from datetime import timedelta
from uuid import UUID

from penstock.cli.answer import Answer


class Schedule(Answer, kw_only=True):
    """What the API says about a schedule."""

    name: str
    source: str
    state: str
    type: str
    cron: str | None = None
    every_seconds: float | None = None
    timezone: str = "UTC"
    problem: str | None = None
    paused_by: str | None = None
    next_run_at: str | None = None
    last_run_at: str | None = None
    last_task_id: UUID | None = None
    created_by: str = ""

    @property
    def when(self) -> str:
        """Its instants, for people."""
        if self.every_seconds is not None:
            return f"every {timedelta(seconds=self.every_seconds)}"
        return f"{self.cron} ({self.timezone})"
