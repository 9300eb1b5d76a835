"""Everything that holds for the tasks of a type, and who says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from penstock.declarations import Provider
from penstock.dispatch.policies import DRAINING, PAUSED, Policies
from penstock.dispatch.policy_knobs import PROVIDER, QUEUE, TASK
from penstock.dispatch.status import ExplainedValue, TaskPolicy
from penstock.plugins.catalogue import RETRY_FIELDS

_OF_USER = "user_"


def explain(
    policies: Policies, name: str, *, installation: Sequence[ExplainedValue] = ()
) -> TaskPolicy:
    """What holds for task type ``name`` at present.

    Args:
        policies: what is known of it.
        name: the task type.
        installation: what holds for all task types.

    Raises:
        UnknownTaskTypeError: with the nearest known name.
    """
    catalogue = policies.catalogue
    task_type = catalogue.task_type(name)
    needs, by_input = task_type.provider, callable(task_type.provider)
    provider = needs.name if isinstance(needs, Provider) else needs
    fixed = provider if isinstance(provider, str) else None
    providers = sorted(catalogue.providers) if by_input else [fixed] if fixed else []
    queue = task_type.queue.name
    return TaskPolicy(
        name=name,
        plugin=catalogue.plugin_of(name),
        queue=queue,
        provider=fixed,
        provider_by_input=by_input,
        policy=[
            *_values(policies, TASK, name),
            *_not_retried(policies, name),
            *_states(policies, queue),
            *_values(policies, QUEUE, queue),
            *(value for each in providers for value in _values(policies, PROVIDER, each)),
            *installation,
        ],
    )


def _values(policies: Policies, kind: str, name: str) -> Iterator[ExplainedValue]:
    for knob in policies.knobs(kind, name):
        if kind == QUEUE and knob.field in RETRY_FIELDS:
            # That of the task type stands for it.
            continue
        first, *others = policies.claims(kind, name, knob.field)
        of = "user" if kind == QUEUE and knob.field.startswith(_OF_USER) else kind
        yield ExplainedValue(
            of=of,
            knob=f"{name}.{knob.field}" if kind == PROVIDER else knob.field,
            value=first.value,
            unit=knob.unit,
            origin=first.origin,
            source=first.source,
            changed_at=first.changed_at,
            said_of=first.said_of,
            over=others,
            changeable=True,
        )


def _not_retried(policies: Policies, name: str) -> Iterator[ExplainedValue]:
    """The errors that are not tried again; only the plugin can say which."""
    task_type = policies.catalogue.task_type(name)
    errors = task_type.retry.non_retryable
    yield ExplainedValue(
        of=TASK,
        knob="non_retryable",
        value=", ".join(each.__qualname__ for each in errors) or "none",
        unit="exceptions",
        origin="task" if errors else "default",
        said_of=TASK,
        over=[],
        changeable=False,
    )


def _states(policies: Policies, queue: str) -> Iterator[ExplainedValue]:
    for state in (PAUSED, DRAINING):
        row = policies.state(queue, state)
        yield ExplainedValue(
            of=QUEUE,
            knob=state,
            value="false" if row is None else "true",
            unit="",
            origin="default" if row is None else "operator",
            source="" if row is None else row.changed_by,
            changed_at=None if row is None else row.changed_at,
            said_of=QUEUE,
            over=[],
            changeable=True,
        )
