"""A span and metrics for each run of a task, by OpenTelemetry."""

from typing import TYPE_CHECKING

from penstock import Middleware, SettingsReader, hookimpl

if TYPE_CHECKING:
    from taskiq import TaskiqMiddleware


def tracing(_: SettingsReader) -> "TaskiqMiddleware":
    """Taskiq's own middleware, with the providers that the process was started with.

    ``opentelemetry-instrument penstock worker`` sets them up from the usual ``OTEL_…`` variables.
    """
    from taskiq.middlewares.opentelemetry_middleware import OpenTelemetryMiddleware

    return OpenTelemetryMiddleware()


@hookimpl
def penstock_middlewares() -> list[Middleware]:
    return [Middleware("opentelemetry", make=tracing)]
