"""Which tasks are meant, as options of commands."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

# The name in the API, the option, what it takes, what it says.
_FILTERS = (
    ("status", "--status", "STATUS", "pending, running, success, failed, cancelled; or a,b."),
    ("queue", "--queue", "NAME", "Only of this queue."),
    ("type", "--type", "TYPE", "Only of this task type."),
    ("user_id", "--user", "USER", "Only those done for this user."),
    ("parent_id", "--parent", "ID", "Only those that this task submitted."),
    ("batch_id", "--batch", "ID", "Only those counted with this batch."),
    ("created_after", "--after", "TIME", "Accepted then or later, like 2026-11-25T12:00:00Z."),
    ("created_before", "--before", "TIME", "Accepted before that."),
    ("error", "--error", "TEXT", "It occurs in the code or the message of their error."),
)


def filter_options(function: F) -> F:
    """Add an option for each filter; the command gets them as keywords, named as in the API."""
    for name, option, kind, described in reversed(_FILTERS):
        function = click.option(option, name, metavar=kind, help=described)(function)
    return function


def given(values: Mapping[str, str | None]) -> dict[str, str]:
    """The filters that were given."""
    return {name: value for name, value in values.items() if value is not None}
