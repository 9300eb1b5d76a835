"""The queue of a plugin that is absent, and whose tasks wait, can be paused, resumed and purged."""

import pytest
from sqlalchemy import update

from penstock.dispatch import Submission
from penstock.ledger.models import Task
from penstock.plugins import UnknownQueueError
from tests.integration.dispatch.conftest import Installation


async def leave_behind(installation: Installation) -> None:
    """Let a task wait in a queue that nobody declares any more."""
    await installation.dispatch.submit(Submission("acme.resize", b'{"source": "a"}'))
    async with installation.ledger.database.write("leave it behind") as connection:
        await connection.execute(update(Task).values(queue="gone"))


async def test_it_is_paused_and_resumed_and_stays_so_until_its_plugin_is_back(
    installation: Installation,
) -> None:
    await leave_behind(installation)
    control = installation.queue_control

    paused = await control.pause("gone", by="ada")
    status = await installation.dispatch.queue_status()

    assert (paused.name, paused.paused, paused.policy) == ("gone", True, {})
    assert (status["gone"].paused, status["gone"].declared) == (True, False)
    assert (await control.show("gone")).paused
    assert not installation.policies.may_start("gone")
    assert not (await control.resume("gone", by="ada")).paused
    assert installation.policies.may_start("gone")


async def test_its_tasks_can_be_purged_and_then_nothing_of_it_is_known(
    installation: Installation,
) -> None:
    await leave_behind(installation)

    purged = await installation.queue_control.purge("gone", by="ada")

    assert (purged.cancelled, purged.complete) == (1, True)
    ended = await installation.ledger.ended_counts()
    assert ended["gone"].cancelled == 1
    for act in (installation.queue_control.purge, installation.queue_control.pause):
        with pytest.raises(UnknownQueueError, match="'gone'"):
            await act("gone", by="ada")
