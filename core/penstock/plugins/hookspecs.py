"""The hooks that a plugin may implement.

Every hook is a plain function without arguments and free of side effects, and returns a list. It is
called once in every process that loads the plugin, also in the API. Each plugin is asked on its
own, so that one that fails fails alone.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
import pluggy

from penstock.declarations import Middleware, Provider, Queue, Schedule, TaskListener, TaskType

PROJECT_NAME = "penstock"

hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)
"""Marks a plugin's function as its answer to the hook of the same name."""


@hookspec
def penstock_queues() -> Sequence[Queue]:
    """The queues that this plugin brings.

    Every queue that its task types run on is one of them::

        @hookimpl
        def penstock_queues() -> list[Queue]:
            return [Queue("acme", concurrency=4)]
    """
    raise NotImplementedError


@hookspec
def penstock_providers() -> Sequence[Provider]:
    """The providers that this plugin brings; task types of others may name them too.

    ::

        @hookimpl
        def penstock_providers() -> list[Provider]:
            return [Provider("acme-maps", concurrency=8)]
    """
    raise NotImplementedError


@hookspec
def penstock_tasks() -> Sequence[TaskType[Any, Any]]:
    """The task types that this plugin brings: all that its modules make with ``@task``.

    ::

        @hookimpl
        def penstock_tasks() -> list[TaskType[Any, Any]]:
            return [resize]
    """
    raise NotImplementedError


@hookspec
def penstock_schedules() -> Sequence[Schedule]:
    """The tasks that are submitted again and again; an operator can pause each.

    ::

        @hookimpl
        def penstock_schedules() -> list[Schedule]:
            return [Schedule("acme.tidy", task=tidy, input=Tidy(), cron="0 3 * * *")]
    """
    raise NotImplementedError


@hookspec
def penstock_settings() -> Sequence[type[msgspec.Struct]]:
    """What an operator can set of this plugin: frozen structs, each field with a default.

    Field ``model`` of plugin ``acme`` is read from ``PENSTOCK_ACME_MODEL``, or from ``model`` in
    table ``[plugins.acme]`` of ``penstock.toml``, and converted to the field's type: one text,
    number, boolean or choice. A field of type ``penstock.Secret`` is never shown. ``msgspec.Meta``
    on a field says more: ``description`` for people, and in ``extra`` the ``variable`` to read
    instead. Handlers get theirs by ``ctx.settings(…)``::

        class AcmeSettings(Struct, frozen=True):
            model: str = "small"
            api_key: Secret | None = None


        @hookimpl
        def penstock_settings() -> list[type[Struct]]:
            return [AcmeSettings]
    """
    raise NotImplementedError


@hookspec
def penstock_middlewares() -> Sequence[Middleware]:
    """The taskiq middlewares of this plugin, in force in every worker for the tasks of all plugins.

    They stand in the path of each task: those of a slow one wait for it, and one that raises in
    ``pre_execute`` fails the attempt. Plugins that are built in come first, then the others by
    name; on the way out it is the other way round. What is declared is how to make one, which only
    workers do::

        def timing(settings: SettingsReader) -> TaskiqMiddleware:
            return TimingMiddleware(settings(AcmeSettings).unit)


        @hookimpl
        def penstock_middlewares() -> list[Middleware]:
            return [Middleware("timing", make=timing)]
    """
    raise NotImplementedError


@hookspec
def penstock_task_events() -> Sequence[TaskListener]:
    """What this plugin wants to be told about tasks, of all plugins, when the ledger has it.

    Best effort and at most once, in the worker that ran the task: :class:`penstock.TaskListener`
    says what that means. What is declared is how to open a listener, which only workers do::

        @asynccontextmanager
        async def pager(settings: SettingsReader) -> AsyncIterator[OutcomeCallback]:
            async with AsyncClient(base_url=settings(AcmeSettings).pager_url) as http:

                async def tell(outcome: TaskOutcome) -> None:
                    await http.post("/", json={"task": str(outcome.task_id)})

                yield tell


        @hookimpl
        def penstock_task_events() -> list[TaskListener]:
            return [TaskListener("pager", open=pager, statuses={"failed"})]
    """
    raise NotImplementedError
