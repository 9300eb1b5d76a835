"""The command ``penstock`` itself: its sub-commands, and what happens when one of them fails."""

import click

from penstock.cli.lazy_group import LazyCommand, LazyGroup
from penstock.cli.messages import say_error
from penstock.declarations import PenstockError
from penstock.redis_url import RedisUrlError
from penstock.settings import SettingsError

_COMMANDS = {
    name: LazyCommand(f"penstock.cli.{module}", attribute, summary)
    for name, module, attribute, summary in (
        ("dev", "dev.command", "dev", "Start everything on this machine, for development."),
        ("api", "api", "api", "Serve the HTTP API."),
        ("worker", "worker", "worker", "Run tasks."),
        ("submit", "submit", "submit", "Submit a task to a running API."),
        ("task", "task", "task", "Look at tasks, follow them, cancel them, run them again."),
        ("batch", "batch", "batch", "Submit files of tasks as batches, follow and cancel them."),
        ("queue", "queue", "queue", "Look at queues, tune, pause, drain and purge them."),
        ("provider", "provider", "provider", "Look at the limits of providers, and change them."),
        ("task-type", "task_type", "task_type", "Change what holds for task types."),
        ("schedule", "schedule", "schedule", "Look at schedules, make, pause and run them."),
        ("plugins", "plugins", "plugins", "Look at plugins, check them, and make new ones."),
        ("db", "db", "db", "Look after the database."),
    )
}


class Failed(click.ClickException):
    """A command that failed with a message for people."""

    def show(self, file: object = None) -> None:  # noqa: ARG002 - click's signature
        """Print the message to standard error."""
        say_error(self.message)


class Misconfigured(Failed):
    """A command that was told something it cannot honour."""

    exit_code = 2


class Root(LazyGroup):
    """Turns the errors that Penstock raises on purpose into one message and an exit code."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the sub-command."""
        try:
            return super().invoke(ctx)
        except PenstockError as error:
            if ctx.params["debug"]:
                raise
            misconfigured = isinstance(error, SettingsError | RedisUrlError)
            raise (Misconfigured if misconfigured else Failed)(str(error)) from error


@click.group(
    cls=Root,
    lazy=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 success, 1 a task failed or something is wrong, 2 usage or settings.",
)
@click.version_option(package_name="penstock", prog_name="penstock", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of errors.")
def root(*, debug: bool) -> None:
    """Background tasks from plugins: API, workers and tools.

    Settings come from the environment, and from .env.local and penstock.toml in this folder.
    """
    # `debug` is read by Root.invoke, which outlives this function.
    del debug


def main() -> None:
    """Run the command line of this process."""
    root(prog_name="penstock")
