"""What can be done: the task types of the loaded plugins."""

# ruff: noqa: ARG001 - `principal` in the signature is what makes Litestar ask who is calling

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, SkipValidation

from penstock.api.access import Principal
from penstock.api.problem_map import unknown_task_type
from penstock.api.views import Success, TaskTypeView
from penstock.plugins import Catalogue, UnknownTaskTypeError


@get("/api/task-types")
async def list_task_types(
    principal: NamedDependency[Principal],
    catalogue: NamedDependency[SkipValidation[Catalogue]],
) -> Success[list[TaskTypeView]]:
    """All task types, by name."""
    names = sorted(catalogue.task_types)
    return Success(data=[TaskTypeView.of(catalogue.task_type(name)) for name in names])


@get("/api/task-types/{type_name:str}")
async def show_task_type(
    type_name: FromPath[str],
    principal: NamedDependency[Principal],
    catalogue: NamedDependency[SkipValidation[Catalogue]],
) -> Success[TaskTypeView]:
    """One task type."""
    try:
        task_type = catalogue.task_type(type_name)
    except UnknownTaskTypeError as error:
        raise unknown_task_type(error, status=404) from error
    return Success(data=TaskTypeView.of(task_type))
