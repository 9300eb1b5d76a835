"""Who says what of a queue, a task type or a provider, and whose word counts.

Of a queue and of a provider: an operator at run time, over a variable or file, over the plugin's
declaration, over the default. Of a task type the same; and what is said of how it is tried again is
asked of the task type first, then of its queue, by those who run it, and only then by plugins:

1. an operator, a variable or a file, of the task type;
2. an operator, a variable or a file, of its queue;
3. the task type's own retry policy, which replaces that of its queue as a whole;
4. the retry policy that its queue declares;
5. the default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from penstock.declarations import Provider, Queue, RetryPolicy, SyncTaskType, TaskType
from penstock.declarations.task_type import DEFAULT_MAX_MEMORY
from penstock.dispatch.policy_knobs import QUEUE, TASK, Kind, Knob, Settings
from penstock.dispatch.status import Claim
from penstock.ledger import Override
from penstock.plugins import Catalogue
from penstock.plugins.tuning import ENABLED, RETRY_FIELDS

_PLAIN_QUEUE, _PLAIN_PROVIDER = Queue("default"), Provider("default")
_PLAIN_TASK = {
    ENABLED: True,
    "timeout": None,
    "unique": False,
    "max_memory": DEFAULT_MAX_MEMORY,
}
Said = Mapping[tuple[str, str, str], Override]
"""What operators say at run time: kind, name and knob → the row."""


class Claims:
    """Looks up who says what.

    Args:
        declared: what the plugins say.
        kinds: what can be said of each kind of things.
        settings: what variables and files say.
    """

    def __init__(self, declared: Catalogue, kinds: Sequence[Kind], settings: Settings) -> None:
        self._declared = declared
        self._settings = settings
        self._knobs = {each.kind: {knob.field: knob for knob in each.knobs} for each in kinds}
        self._queue_owners = {
            queue.name: plugin.name for plugin in declared.plugins for queue in plugin.queues
        }
        self._provider_owners = {
            each.name: plugin.name for plugin in declared.plugins for each in plugin.providers
        }

    def knobs(self, kind: str, name: str) -> list[Knob]:
        """What can be said of the one called ``name``: no memory of an ``async def`` handler's."""
        found = list(self._knobs[kind].values())
        if kind == TASK and not isinstance(self._declared.task_types[name], SyncTaskType):
            return [each for each in found if each.field != "max_memory"]
        return found

    def of(self, kind: str, name: str, knob: Knob, said: Said) -> list[Claim]:
        """All that is said of it; the first counts."""
        if kind == TASK:
            return list(self._of_task(self._declared.task_types[name], knob, said))
        return list(self._of_declared(kind, name, knob, said))

    def non_retryable(self, name: str) -> Claim:
        """Which errors of a task type are not tried again; only plugins can say that."""
        declared = self._declared.task_types[name]
        errors = declared.retry.non_retryable
        is_queues = declared.retry is declared.queue.retry
        if not errors:
            return Claim(value="none", origin="default", said_of=TASK)
        return Claim(
            value=", ".join(each.__qualname__ for each in errors),
            origin="queue" if is_queues else "task",
            source=declared.queue.name if is_queues else self._declared.owner_of(name).name,
            said_of=QUEUE if is_queues else TASK,
        )

    def _of_declared(self, kind: str, name: str, knob: Knob, said: Said) -> Iterator[Claim]:
        yield from self._by_operators(kind, name, knob, said)
        if kind == QUEUE:
            value = _of_queue(self._declared.queues[name], knob.field)
            default = _of_queue(_PLAIN_QUEUE, knob.field)
            owner = self._queue_owners[name]
        else:
            value = getattr(self._declared.providers[name], knob.field)
            default = getattr(_PLAIN_PROVIDER, knob.field)
            owner = self._provider_owners[name]
        if value != default:
            text = knob.write(value)
            yield Claim(value=text, origin="plugin", source=owner, said_of=kind)
        yield Claim(value=knob.write(default), origin="default", said_of=kind)

    def _of_task(self, declared: TaskType[Any, Any], knob: Knob, said: Said) -> Iterator[Claim]:
        plugin = self._declared.owner_of(declared.name).name
        yield from self._by_operators(TASK, declared.name, knob, said)
        if knob.field not in RETRY_FIELDS:
            default = _PLAIN_TASK[knob.field]
            value = default if knob.field == ENABLED else getattr(declared, knob.field)
            if value != default:
                yield Claim(value=knob.write(value), origin="task", source=plugin, said_of=TASK)
            yield Claim(value=knob.write(default), origin="default", said_of=TASK)
            return
        queue = declared.queue
        yield from self._by_operators(QUEUE, queue.name, knob, said)
        default = getattr(RetryPolicy(), knob.field)
        of_queue = getattr(queue.retry, knob.field)
        # Without a policy of its own it has its queue's, which is the same object.
        if declared.retry is not queue.retry:
            value = getattr(declared.retry, knob.field)
            if value != default or of_queue != default:
                yield Claim(value=knob.write(value), origin="task", source=plugin, said_of=TASK)
        if of_queue != default:
            yield Claim(
                value=knob.write(of_queue), origin="queue", source=queue.name, said_of=QUEUE
            )
        yield Claim(value=knob.write(default), origin="default", said_of=TASK)

    def _by_operators(self, kind: str, name: str, knob: Knob, said: Said) -> Iterator[Claim]:
        """At run time, and by a variable or a file."""
        if override := said.get((kind, name, knob.field)):
            yield Claim(
                value=override.value,
                origin="operator",
                source=override.changed_by,
                changed_at=override.changed_at,
                said_of=kind,
            )
        if setting := self._settings.get(kind, {}).get(name, {}).get(knob.field):
            yield Claim(
                value=knob.write(setting.value),
                origin=setting.origin,
                source=setting.source,
                said_of=kind,
            )


def _of_queue(queue: Queue, field: str) -> object:
    return cast("object", getattr(queue.retry if field in RETRY_FIELDS else queue, field))
