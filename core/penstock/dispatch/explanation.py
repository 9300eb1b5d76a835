"""Everything that holds for the tasks of a type, and who says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from penstock.declarations import Provider
from penstock.dispatch.policies import DRAINING, PAUSED, Policies
from penstock.dispatch.policy_knobs import PROVIDER, QUEUE, TASK
from penstock.dispatch.status import Claim, ExplainedValue, TaskPolicy
from penstock.plugins.tuning import RETRY_FIELDS

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
        plugin=catalogue.owner_of(name).name,
        queue=queue,
        provider=fixed,
        provider_by_input=by_input,
        policy=[
            *_values(policies, TASK, name),
            _not_retried(policies, name),
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
        of = "user" if kind == QUEUE and knob.field.startswith(_OF_USER) else kind
        label = f"{name}.{knob.field}" if kind == PROVIDER else knob.field
        yield explained_value(of, label, knob.unit, policies.claims(kind, name, knob.field))


def _not_retried(policies: Policies, name: str) -> ExplainedValue:
    """The errors that are not tried again; only the plugin can say which."""
    claims = [policies.non_retryable(name)]
    return explained_value(TASK, "non_retryable", "exceptions", claims, changeable=False)


def _states(policies: Policies, queue: str) -> Iterator[ExplainedValue]:
    for state in (PAUSED, DRAINING):
        claims = [Claim(value="false", origin="default", said_of=QUEUE)]
        if row := policies.state(queue, state):
            by, at = row.changed_by, row.changed_at
            said = Claim(value="true", origin="operator", source=by, changed_at=at, said_of=QUEUE)
            claims.insert(0, said)
        yield explained_value(QUEUE, state, "", claims)


def explained_value(
    of: str, knob: str, unit: str, claims: Sequence[Claim], *, changeable: bool = True
) -> ExplainedValue:
    """What is said first, over the others."""
    first, *others = claims
    return ExplainedValue(
        of=of,
        knob=knob,
        unit=unit,
        over=others,
        changeable=changeable,
        **msgspec.structs.asdict(first),
    )
