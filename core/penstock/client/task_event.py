"""What happens to a task, for application code."""

from __future__ import annotations

from typing import Any, Literal, cast

import msgspec

from penstock.client.task_info import TaskInfo
from penstock.dispatch import News
from penstock.events import Event

Kind = Literal["status", "progress", "log", "delta", "gap"]


class TaskEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of news of a task.

    Attributes:
        kind: ``status``, ``progress``, ``log``, ``delta`` (a text goes on) or ``gap`` (events are
            missing here: they were dropped, or are kept no longer).
        data: of ``status`` a :class:`~penstock.TaskInfo`; of ``delta`` its ``text``; else what the
            API shows. All but ``status`` name the ``run`` that it is of, where it is known.
        id: what :meth:`~penstock.TaskHandle.events` takes as ``after``; a ``status`` has none.
    """

    kind: Kind
    data: Any
    id: str | None = None

    @classmethod
    def of(cls, news: News) -> TaskEvent:
        """What to show of news."""
        if not isinstance(news, Event):
            return cls(kind="status", data=TaskInfo.of(news))
        position = None if news.position is None else str(news.position)
        return cls(kind=cast("Kind", news.kind), data=msgspec.json.decode(news.data), id=position)
