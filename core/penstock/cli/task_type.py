"""``penstock task-type``; what holds for one is shown by ``penstock plugins explain``."""

import click

from penstock.cli import policies
from penstock.cli.connect import connect
from penstock.cli.options import json_option
from penstock.settings.task_tuning import TASK_KNOBS


@click.group(name="task-type")
def task_type() -> None:
    """Change what holds for task types, while everything runs."""


@task_type.command(name="set")
@click.argument("name")
@policies.knob_options(TASK_KNOBS)
@json_option
def set_(*, name: str, as_json: bool, **values: str | None) -> None:
    """Say what shall hold for task type NAME, at once and until it is taken back.

    The value `default` takes back what was said: the variable counts again, or the plugin.
    """
    said = policies.said(values, example="--timeout 5m")
    with connect() as client:
        found = client.set_task_type(name, said)
    policies.show_task_type(found, as_json=as_json)


@task_type.command()
@click.argument("name")
@json_option
def reset(*, name: str, as_json: bool) -> None:
    """Take back all that was set of task type NAME."""
    with connect() as client:
        found = client.reset_task_type(name)
    policies.show_task_type(found, as_json=as_json)
