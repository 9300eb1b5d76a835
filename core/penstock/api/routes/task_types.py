"""What can be done: the task types of the loaded plugins, and what holds for each."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Request, delete, get, patch
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from penstock.api.access import Principal
from penstock.api.policy_values import read_values
from penstock.api.problem_map import unknown_task_type
from penstock.api.views import Success, TaskTypeView
from penstock.dispatch import PolicyControl, PolicyValue, TaskPolicy
from penstock.plugins import Catalogue, UnknownTaskTypeError


def task_type_routes(
    *, catalogue: Catalogue, policy_control: PolicyControl
) -> Sequence[HTTPRouteHandler]:
    """``/api/task-types`` and ``/api/task-types/{type}`` with what can be said of it."""
    # Schemas are dear to make, and nothing that operators say at run time changes them.
    views = {name: TaskTypeView.of(each) for name, each in sorted(catalogue.task_types.items())}

    @get("/api/task-types")
    async def list_task_types(
        principal: NamedDependency[Principal],
    ) -> Success[list[TaskTypeView]]:
        """All task types, by name."""
        disabled = policy_control.disabled()
        return Success(data=[with_state(each, disabled) for each in views.values()])

    @get("/api/task-types/{type_name:str}")
    async def show_task_type(
        type_name: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[TaskTypeView]:
        """One task type."""
        return Success(data=with_state(views[known(type_name)], policy_control.disabled()))

    @get("/api/task-types/{type_name:str}/policy")
    async def explain_task_type(
        type_name: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[TaskPolicy]:
        """Everything that holds for the tasks of a type, and who says so."""
        return Success(data=await policy_control.explain(known(type_name)))

    @patch("/api/task-types/{type_name:str}/policy")
    async def set_task_type(
        request: Request[Any, Any, Any],
        type_name: FromPath[str],
        principal: NamedDependency[Principal],
    ) -> Success[TaskPolicy]:
        """Say what shall hold for a task type; ``null`` takes it back. All of it or none."""
        name, values = known(type_name), await read_values(request)
        found = await policy_control.set_task_type(name, values, by=principal.name)
        return Success(data=found)

    @delete("/api/task-types/{type_name:str}/policy", status_code=200)
    async def reset_task_type(
        type_name: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[TaskPolicy]:
        """Take back all that was said of a task type."""
        found = await policy_control.reset_task_type(known(type_name), by=principal.name)
        return Success(data=found)

    def with_state(view: TaskTypeView, disabled: Mapping[str, PolicyValue]) -> TaskTypeView:
        if view.type not in disabled:
            return view
        return msgspec.structs.replace(view, enabled=False, disabled_by=disabled[view.type])

    def known(type_name: str) -> str:
        try:
            return catalogue.task_type(type_name).name
        except UnknownTaskTypeError as error:
            raise unknown_task_type(error, status=404) from error

    return [list_task_types, show_task_type, explain_task_type, set_task_type, reset_task_type]
