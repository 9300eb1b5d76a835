"""What an operator says of task types and providers while everything runs."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from penstock.dispatch.explanation import explain
from penstock.dispatch.policies import Policies
from penstock.dispatch.policy_knobs import PROVIDER, TASK
from penstock.dispatch.status import ExplainedValue, PolicyValue, ProviderPolicy, TaskPolicy
from penstock.engine import Engine, EngineUnavailableError

_log = logging.getLogger(__name__)


async def announce(engine: Engine) -> None:
    """Tell everybody that a policy has changed; while Redis is away they hear of it later."""
    try:
        await engine.announce_policies()
    except EngineUnavailableError as error:
        _log.warning("others hear of the new policy later: %s", error)


class PolicyControl:
    """Shows and changes the policies of task types and providers.

    Every method that names one raises :class:`~penstock.plugins.UnknownTaskTypeError` or
    :class:`~penstock.plugins.ProviderNotFoundError` if nobody declares it, and
    :class:`~penstock.ledger.LedgerUnavailableError` if the database is away. A change is committed
    on return; workers hear of it at once, or within seconds if Redis is away.

    Args:
        policies: what is known.
        engine: by which others hear of changes.
        installation: what holds for all task types, to be shown with each.
    """

    def __init__(
        self,
        *,
        policies: Policies,
        engine: Engine,
        installation: Sequence[ExplainedValue] = (),
    ) -> None:
        self._policies = policies
        self._engine = engine
        self._installation = installation

    def disabled(self) -> Mapping[str, PolicyValue]:
        """The task types that are switched off as far as is known, and who says so."""
        return self._policies.disabled()

    async def explain(self, task_type: str) -> TaskPolicy:
        """Everything that holds for the tasks of a type, and who says so."""
        await self._policies.present()
        return explain(self._policies, task_type, installation=self._installation)

    async def set_task_type(
        self, task_type: str, values: Mapping[str, str | None], *, by: str
    ) -> TaskPolicy:
        """Say ``values`` of a task type, by knob; ``None`` takes one back. All of them or none.

        Args:
            task_type: its name.
            values: as one would write them into the variables.
            by: who says it.

        Raises:
            InvalidPolicyError: naming each knob that cannot be set so; nothing is changed.
        """
        await self._policies.change(TASK, task_type, values, by=by)
        await announce(self._engine)
        return await self.explain(task_type)

    async def reset_task_type(self, task_type: str, *, by: str) -> TaskPolicy:
        """Take back all that was said of a task type."""
        await self._policies.reset(TASK, task_type, by=by)
        await announce(self._engine)
        return await self.explain(task_type)

    async def providers(self) -> list[ProviderPolicy]:
        """All providers, by name."""
        catalogue = await self._policies.present()
        return [self._policies.describe_provider(each) for each in sorted(catalogue.providers)]

    async def provider(self, name: str) -> ProviderPolicy:
        """One provider."""
        await self._policies.present()
        return self._policies.describe_provider(name)

    async def set_provider(
        self, name: str, values: Mapping[str, str | None], *, by: str
    ) -> ProviderPolicy:
        """Say ``values`` of a provider; see :meth:`set_task_type`."""
        await self._policies.change(PROVIDER, name, values, by=by)
        await announce(self._engine)
        return self._policies.describe_provider(name)

    async def reset_provider(self, name: str, *, by: str) -> ProviderPolicy:
        """Take back all that was said of a provider."""
        await self._policies.reset(PROVIDER, name, by=by)
        await announce(self._engine)
        return self._policies.describe_provider(name)
