"""``penstock plugins explain``."""

import asyncio

import click
import msgspec

from penstock.cli import policies, process_settings
from penstock.cli.client import ApiUnreachableError
from penstock.cli.connect import connect
from penstock.cli.messages import say
from penstock.cli.options import json_option
from penstock.cli.policy_answers import TaskPolicy


@click.command()
@click.argument("task_type", metavar="TASK")
@json_option
def explain(*, task_type: str, as_json: bool) -> None:
    """Show everything that holds for task type TASK, and who says so.

    The API is asked. If none runs, the settings of this process and the database tell.
    """
    try:
        with connect() as client:
            found = client.explain(task_type)
    except ApiUnreachableError:
        say("no API runs: this is what the settings of this process and the database say")
        found = asyncio.run(_explain_here(task_type))
    policies.show_task_type(found, as_json=as_json)


async def _explain_here(task_type: str) -> TaskPolicy:
    # Imported only here: what the API knows already takes SQLAlchemy's half a second.
    from penstock.configuration import configured, installation_values
    from penstock.configuration import policies as policies_of
    from penstock.dispatch import explain as explained
    from penstock.ledger import Ledger, LedgerUnavailableError
    from penstock.ledger.database import sqlite_file
    from penstock.selected_plugins import selected

    settings = process_settings.load()
    catalogue = selected(settings)
    ledger = Ledger(settings.database_url)
    try:
        known = policies_of(configured(settings, catalogue), catalogue, ledger.database)
        known.catalogue.task_type(task_type)
        file = sqlite_file(settings.database_url)
        try:
            if file is None or file.exists():
                await known.refresh()
            else:  # to look into it would make it, without a table in it
                say(f"operators say nothing at run time: there is no database yet ({file})")
        except LedgerUnavailableError as error:
            say(f"what operators say at run time is not known: {error}")
        document = msgspec.json.encode(
            explained(known, task_type, installation=installation_values(settings))
        )
    finally:
        await ledger.close()
    found = msgspec.json.decode(document, type=TaskPolicy)
    found.document = msgspec.Raw(document)
    return found
