"""What a worker is handed by the rooms below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from taskiq.abc.result_backend import AsyncResultBackend

from penstock.broker.log_writer import LogLimits
from penstock.dispatch import ArtifactStore, Dispatch, Policies
from penstock.engine import Engine
from penstock.events import EventStreams
from penstock.ledger import Ledger, TaskLog
from penstock.plugins import Catalogue
from penstock.processes.size_limits import SizeLimits
from penstock.secrecy import Mask


@dataclass(frozen=True, kw_only=True)
class Services:
    """The opened parts of one application."""

    catalogue: Catalogue
    policies: Policies
    ledger: Ledger
    engine: Engine
    dispatch: Dispatch
    artifacts: ArtifactStore
    result_backend: AsyncResultBackend[Any]
    limits: SizeLimits
    events: EventStreams
    task_log: TaskLog
    log_limits: LogLimits
    mask: Mask
