"""A worker, the API and whoever follows tasks, all in this process, over real services."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from penstock.app import Application
from penstock.dispatch import Submission
from penstock.ledger import TaskRecord
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings
from tests.integration.events.talk_handlers import TALK, Speech, say, shout
from tests.services.at_work import at_work

PLUGIN = Plugin(name="talk", distribution="talk", version="1", queues=[TALK], tasks=[say, shout])


@pytest.fixture
async def application(environment, tmp_path: Path) -> AsyncIterator[Application]:
    settings = Settings.load(environment, tmp_path, plugins=["talk"])
    async with Application(settings, Catalogue(plugins=[PLUGIN])) as application:
        yield application


@pytest.fixture
async def worker(application: Application) -> AsyncIterator[None]:
    async with at_work(application.worker()):
        yield


async def submit(application: Application, speech: Speech, name: str = "talk.say") -> TaskRecord:
    return await application.dispatch.submit(Submission(name, msgspec.json.encode(speech)))
