"""Penstock's upload plugin: what a file really is, found out by its decoder.

Importing it imports declarations only; the decoders are imported when a task runs.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from penstock import Queue, TaskType, hookimpl
from penstock_upload.process import process
from penstock_upload.queues import UPLOAD
from penstock_upload.settings import UploadSettings


@hookimpl
def penstock_queues() -> list[Queue]:
    """The queue of everything that this plugin does."""
    return [UPLOAD]


@hookimpl
def penstock_tasks() -> list[TaskType[Any, Any]]:
    """The task types of this plugin."""
    return [process]


@hookimpl
def penstock_settings() -> Sequence[type[msgspec.Struct]]:
    """How much of a file is decoded."""
    return [UploadSettings]
