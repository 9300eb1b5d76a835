"""What can be done: the task types of the loaded plugins."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from collections.abc import Sequence

from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from penstock.api.access import Principal
from penstock.api.problem_map import unknown_task_type
from penstock.api.views import Success, TaskTypeView
from penstock.plugins import Catalogue, UnknownTaskTypeError


def task_type_routes(*, catalogue: Catalogue) -> Sequence[HTTPRouteHandler]:
    """``GET /api/task-types`` and ``GET /api/task-types/{type}``."""
    # Schemas are dear to make, and a catalogue never changes.
    views = {name: TaskTypeView.of(each) for name, each in sorted(catalogue.task_types.items())}

    @get("/api/task-types")
    async def list_task_types(
        principal: NamedDependency[Principal],
    ) -> Success[list[TaskTypeView]]:
        """All task types, by name."""
        return Success(data=list(views.values()))

    @get("/api/task-types/{type_name:str}")
    async def show_task_type(
        type_name: FromPath[str], principal: NamedDependency[Principal]
    ) -> Success[TaskTypeView]:
        """One task type."""
        try:
            return Success(data=views[catalogue.task_type(type_name).name])
        except UnknownTaskTypeError as error:
            raise unknown_task_type(error, status=404) from error

    return [list_task_types, show_task_type]
