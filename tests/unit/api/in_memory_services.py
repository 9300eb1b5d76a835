"""What the API works with, as far as that needs neither a database nor Redis."""

from collections.abc import Mapping
from typing import cast

from penstock.dispatch import (
    ArtifactStore,
    Dispatch,
    EventHub,
    Policies,
    PolicyControl,
    QueueControl,
    ScheduleControl,
)
from penstock.engine import Engine
from penstock.ledger import Overrides, TaskLog
from penstock.plugins import Catalogue
from penstock.settings import PROVIDERS, QUEUES, TASKS, Setting
from tests.unit.api.in_memory_dispatch import InMemoryArtifacts, InMemoryDispatch


class InMemoryServices:
    """See :class:`penstock.api.services.ApiServices`.

    Args:
        said: what variables and files say of queues, providers and task types.
    """

    # What these do needs both: see tests/acceptance/test_queue_settings.py.
    queue_control = QueueControl.__new__(QueueControl)
    schedule_control = ScheduleControl.__new__(ScheduleControl)
    # The same: see tests/integration/api.
    hub = EventHub.__new__(EventHub)
    task_log = TaskLog.__new__(TaskLog)

    def __init__(
        self,
        catalogue: Catalogue,
        dispatch: InMemoryDispatch | None = None,
        artifacts: InMemoryArtifacts | None = None,
        said: Mapping[str, Mapping[str, Mapping[str, Setting]]] | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.dispatch = cast("Dispatch", dispatch or InMemoryDispatch(catalogue))
        self.artifacts = cast("ArtifactStore", artifacts or InMemoryArtifacts())
        # What holds of what is declared; nobody can change it here.
        policies = Policies(
            catalogue,
            kinds=(QUEUES, PROVIDERS, TASKS),
            settings=said or {},
            overrides=Overrides.__new__(Overrides),
        )
        self.policy_control = PolicyControl(policies=policies, engine=Engine.__new__(Engine))
