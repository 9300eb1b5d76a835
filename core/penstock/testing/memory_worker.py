"""A worker's parts for the runs of a harness: its own code, over memory."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from taskiq import TaskiqMiddleware

from penstock.broker import Broker, Delivery, Receiver
from penstock.broker.context import TaskContext
from penstock.declarations import Context, Provider, TaskType
from penstock.dispatch import ArtifactStore
from penstock.plugins import Catalogue, Plugin, discover
from penstock.plugins.installed import InstalledPlugins
from penstock.processes.pool import ProcessPool
from penstock.processes.size_limits import SizeLimits
from penstock.selected_plugins import loaded
from penstock.testing.clock import Clock
from penstock.testing.held import HeldProcesses, HeldStorage
from penstock.testing.inline import InlineProcesses
from penstock.testing.memory import (
    MemoryCheckpoints,
    MemoryFiles,
    MemoryIntake,
    MemoryReports,
    MemorySource,
    NoJitter,
    Runs,
    SettingsGiven,
    Witness,
)

_MEBIBYTE = 1024**2
# The defaults of the settings of these names.
_LIMITS = SizeLimits(
    result=_MEBIBYTE, checkpoint=_MEBIBYTE, progress_message=1024, log_line=16 * 1024
)


@cache
def _installed() -> Catalogue:
    """All plugins that are installed here."""
    return loaded(discover())


def _declared_settings() -> frozenset[type[Any]]:
    return frozenset(kind for plugin in _installed().plugins for kind in plugin.settings)


class MemoryWorker:
    """Runs any task type, whose plugin need not be installed.

    Args:
        runs: where all that happens is noted.
        clock: does not jump while a file or a process is under way.
        folder: for artifacts; a temporary one if left out.
        inline: run ``def`` handlers in a thread of this process.
    """

    def __init__(self, runs: Runs, clock: Clock, *, folder: Path | None, inline: bool) -> None:
        self.settings = SettingsGiven(_declared_settings)
        self.providers: list[Provider] = []
        """Beside those of all plugins that are installed here."""
        self.middlewares: list[TaskiqMiddleware] = []
        self.overrides: dict[Callable[..., Any], Callable[..., Any]] = {}
        self.is_inline = inline
        self._runs = runs
        self._clock = clock
        self._folder = folder
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._known: dict[str, TaskType[Any, Any]] = {}
        self._checkpoints = MemoryCheckpoints(runs)
        self._intake = MemoryIntake(runs, self._known)
        self._reports = MemoryReports(runs, _LIMITS)
        self._store: ArtifactStore | None = None
        self._pool = ProcessPool(_LIMITS, task_log_level=logging.DEBUG)
        # By identity: a task type may have examples, which nobody can hash.
        self._receivers: dict[int, tuple[TaskType[Any, Any], Receiver]] = {}

    async def close(self) -> None:
        """End the processes, and remove the files."""
        await self._pool.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    @property
    def installed(self) -> InstalledPlugins:
        """What handlers ask for by ``ctx.settings`` and ``ctx.providers``."""
        return InstalledPlugins(settings_of=self.settings, provider_list=self._all_providers)

    @property
    def artifacts(self) -> ArtifactStore:
        """The files of all runs."""
        if self._store is None:
            folder = self._folder
            if folder is None:
                self._temporary = tempfile.TemporaryDirectory(prefix="penstock-harness-")
                folder = Path(self._temporary.name)
            storage = HeldStorage(folder / "artifacts", self._clock)
            self._store = ArtifactStore(ledger=MemoryFiles(self._runs), storage=storage)
        return self._store

    def context(self, delivery: Delivery) -> Context:
        """What a handler of this delivery is given, without running one."""
        return TaskContext(
            delivery,
            ledger=self._checkpoints,
            dispatch=self._intake,
            artifacts=self.artifacts,
            reports=self._reports,
            installed=self.installed,
            max_checkpoint_bytes=_LIMITS.checkpoint,
        )

    def receiver(self, task_type: TaskType[Any, Any]) -> Receiver:
        """What runs the deliveries of this very task type."""
        if id(task_type) in self._receivers:
            return self._receivers[id(task_type)][1]
        self._known[task_type.name] = task_type
        name = task_type.name.partition(".")[0]
        plugin = Plugin(
            name=name,
            distribution=name,
            version="0",
            queues=[task_type.queue],
            tasks=[task_type],
            providers=self._all_providers,
        )
        catalogue = Catalogue(plugins=[plugin], settings=self.settings)
        broker = Broker(
            catalogue=catalogue,
            dispatch=self._intake,
            consumer=MemorySource(task_type, catalogue.installed),
        )
        broker.add_middlewares(*self.middlewares, Witness(self._runs))
        broker.dependency_overrides.update(self.overrides)
        processes = InlineProcesses() if self.is_inline else self._pool
        receiver = Receiver(
            broker,
            ledger=self._checkpoints,
            artifacts=self.artifacts,
            reports=self._reports,
            processes=HeldProcesses(processes, self._clock),
            limits=_LIMITS,
            drain=0,
            random_source=NoJitter(),
        )
        self._receivers[id(task_type)] = task_type, receiver
        return receiver

    @property
    def _all_providers(self) -> tuple[Provider, ...]:
        return (*_installed().providers.values(), *self.providers)
