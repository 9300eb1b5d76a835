"""What the routes need of the rest of Penstock."""

from __future__ import annotations

from typing import Protocol

from penstock.dispatch import (
    ArtifactStore,
    Dispatch,
    EventHub,
    PolicyControl,
    QueueControl,
    ScheduleControl,
)
from penstock.ledger import TaskLog
from penstock.plugins import Catalogue


class ApiServices(Protocol):
    """What an application has for its API."""

    @property
    def dispatch(self) -> Dispatch:
        """Takes tasks and looks them up."""

    @property
    def queue_control(self) -> QueueControl:
        """Shows and changes the policies of queues."""

    @property
    def policy_control(self) -> PolicyControl:
        """Shows and changes those of task types and providers."""

    @property
    def schedule_control(self) -> ScheduleControl:
        """Shows, makes and changes schedules."""

    @property
    def artifacts(self) -> ArtifactStore:
        """The files that tasks made."""

    @property
    def hub(self) -> EventHub:
        """Follows tasks."""

    @property
    def task_log(self) -> TaskLog:
        """What their handlers logged."""

    @property
    def catalogue(self) -> Catalogue:
        """The task types on offer."""
