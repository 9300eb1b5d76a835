"""What the API works with, as far as that needs neither a database nor Redis."""

from typing import cast

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
from tests.unit.api.in_memory_dispatch import InMemoryArtifacts, InMemoryDispatch


class InMemoryServices:
    """See :class:`penstock.api.services.ApiServices`."""

    # What these do needs both: see tests/acceptance/test_queue_settings.py.
    queue_control = QueueControl.__new__(QueueControl)
    policy_control = PolicyControl.__new__(PolicyControl)
    schedule_control = ScheduleControl.__new__(ScheduleControl)
    # The same: see tests/integration/api.
    hub = EventHub.__new__(EventHub)
    task_log = TaskLog.__new__(TaskLog)

    def __init__(
        self,
        catalogue: Catalogue,
        dispatch: InMemoryDispatch | None = None,
        artifacts: InMemoryArtifacts | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.dispatch = cast("Dispatch", dispatch or InMemoryDispatch(catalogue))
        self.artifacts = cast("ArtifactStore", artifacts or InMemoryArtifacts())
