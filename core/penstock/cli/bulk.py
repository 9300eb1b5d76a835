"""Cancelling many tasks, or running them again, from the command line."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import click

from penstock.cli.client import ApiClient
from penstock.cli.connect import connect
from penstock.cli.messages import print_json, say
from penstock.cli.task_answers import Bulk

# No more are counted before it asks.
_MOST_COUNTED = 10_000
_PAGE = 500
_MOST_IDS = 1_000


def by_ids(
    what: str, done: str, ids: Sequence[UUID], more: Mapping[str, Any], *, as_json: bool
) -> bool:
    """Change tasks by their ids; whether that was possible for all of them.

    Args:
        what: ``cancel`` or ``retry``.
        done: the same of what was done, for people.
        ids: which ones.
        more: what else the API is told.
        as_json: print JSON.
    """
    found = []
    with connect() as client:
        for start in range(0, len(ids), _MOST_IDS):
            some = [str(each) for each in ids[start : start + _MOST_IDS]]
            found.append(client.change_tasks(what, {"ids": some, **more}))
    for each in (task for part in found for task in part.tasks if task.outcome != "changed"):
        why = f"it is {each.status}" if each.status else "there is no such task"
        say(f"task {each.id} stays as it is: {why}")
    _report(found, done, as_json=as_json)
    return all(not part.unchanged and not part.not_found for part in found)


def by_filter(
    what: str,
    done: str,
    filters: Mapping[str, str],
    more: Mapping[str, Any],
    *,
    status: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Change all tasks that a filter finds, after saying how many they are.

    Args:
        what: ``cancel`` or ``retry``.
        done: the same of what was done, for people.
        filters: which ones, as in the query of the API.
        more: what else the API is told.
        status: what can be changed so, if no status was given.
        yes: do not ask.
        as_json: print JSON.
    """
    found = []
    with connect() as client:
        count = _count(client, {"status": status, **filters})
        say(f"{count} tasks are meant")
        if not yes:
            click.confirm(f"{what.capitalize()} them?", abort=True, err=True)
        cursor: str | None = None
        while True:
            place = {} if cursor is None else {"cursor": cursor}
            found.append(client.change_tasks(what, {"filter": filters, **more, **place}))
            cursor = found[-1].next
            if cursor is None:
                break
            say(f"{sum(part.changed for part in found)} tasks are {done} so far")
    _report(found, done, as_json=as_json)


def _count(client: ApiClient, filters: Mapping[str, str]) -> str:
    count, cursor = 0, None
    while count < _MOST_COUNTED:
        page = client.tasks(filters, limit=_PAGE, cursor=cursor)
        count += len(page.items)
        cursor = page.next
        if cursor is None:
            return str(count)
    return f"{count} or more"


def _report(found: Sequence[Bulk], done: str, *, as_json: bool) -> None:
    counts = {
        name: sum(getattr(part, name) for part in found)
        for name in ("changed", "unchanged", "not_found")
    }
    if as_json:
        print_json({**counts, "tasks": [task for part in found for task in part.tasks]})
    else:
        say(f"{counts['changed']} tasks are {done}")
