"""Tasks that ask a model: from HTTP in, over the wire to a server of that protocol, to the outcome.

The server is a double at the wire and no model; a marker in a prompt says what it does with it.
"""

import re
import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.services import RedisServer
from tests.services.installation import Installation
from tests.services.openai_endpoints import INPUT_TOKENS, NOTICE, OUTPUT_TOKENS
from tests.services.openai_server import OpenAiServer

KEY = "sk-test-0123456789abcdef"


@dataclass
class Site:
    """An installation whose ai tasks ask ``server``."""

    installation: Installation
    server: OpenAiServer
    database: Path

    def run(self, prompt: str, task_type: str = "ai.text", **fields: object):
        """The ended task, and the POSTs that it made; its prompt is its own."""
        word = uuid.uuid4().hex
        task_id = self.installation.submit(task_type, {"prompt": f"{prompt} {word}", **fields})
        return self.installation.outcome(task_id), self.server.posts_of(word)


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer, sqlite_template: Path
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("openai")
    database = folder / "ledger.db"
    database.write_bytes(sqlite_template.read_bytes())
    with (
        OpenAiServer() as server,
        Installation(
            folder,
            redis_url=redis_server.url,
            database_url=f"sqlite+aiosqlite:///{database}",
            namespace=f"openai-{uuid.uuid4().hex[:12]}",
            environment={
                "OPENAI_API_KEY": KEY,
                "OPENAI_BASE_URL": server.base_url,
                "PENSTOCK_AI_OPENAI_TEXT_MODEL": "writer-1",
                "PENSTOCK_AI_OPENAI_IMAGE_MODEL": "painter-1",
                "PENSTOCK_QUEUE_AI_INITIAL_INTERVAL": "100ms",
                "NO_PROXY": "127.0.0.1",  # whatever proxy this shell goes through
            },
        ) as installation,
    ):
        installation.start_worker("ai")
        yield Site(installation, server, database)


def test_a_prompt_becomes_a_text_with_its_provenance(site: Site) -> None:
    task, posts = site.run("Say hello")

    assert (task["status"], task["attempts"], task["progress"]) == ("success", 1, 100)
    assert task["result"] == {
        "provider": "openai",
        "provider_label": "server that speaks the OpenAI protocol",
        "model": "wire-double:writer-1",
        "is_model_output": True,
        "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS},
        "cost": None,
        "text": f"{NOTICE} {posts[0].prompt}",
        "artifact": None,
        "is_truncated": False,
    }
    assert [post.headers["authorization"] for post in posts] == [f"Bearer {KEY}"]


def test_a_prompt_becomes_an_image_of_the_size_asked_for(site: Site) -> None:
    task, posts = site.run("Draw a cat", "ai.image", width=320, height=192)

    assert (task["status"], task["result"]["is_model_output"]) == ("success", True)
    assert len(posts) == 1
    artifact = task["result"]["artifact"]
    response = site.installation.client.get(f"/api/artifacts/{artifact['id']}")
    with Image.open(BytesIO(response.content)) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", (320, 192))


@pytest.mark.parametrize("retry_after", ["1", "date:2"])
def test_a_rate_limit_is_waited_for_and_spends_no_attempt(site: Site, retry_after: str) -> None:
    task, posts = site.run(f"[wire: rate_limited retry_after={retry_after}]")

    assert (task["status"], task["attempts"]) == ("success", 1)
    first, second = posts
    # An HTTP-date has whole seconds: two ahead are more than one from now.
    assert second.started - first.started >= 1


def test_two_failures_of_the_server_are_three_attempts_of_one_post_each(site: Site) -> None:
    task, posts = site.run("[wire: error_500] [wire: overloaded_529]")

    assert (task["status"], task["attempts"]) == ("success", 3)
    assert len(posts) == 3


def test_a_text_that_is_cut_once_is_asked_for_again(site: Site) -> None:
    task, posts = site.run("[wire: cut]")

    assert (task["status"], task["attempts"]) == ("success", 2)
    assert task["result"]["text"] == f"{NOTICE} {posts[0].prompt}"
    assert len(posts) == 2


def test_a_text_that_is_always_cut_fails_and_its_part_can_be_had(site: Site) -> None:
    task, posts = site.run("[wire: cut] [wire: cut_abruptly times=2]")

    assert (task["status"], task["attempts"]) == ("failed", 3)
    assert task["error"]["code"] == "incomplete_output"
    assert len(posts) == 3
    found = re.search(r"'partial-attempt-3\.txt' \((.+)\)", task["error"]["message"])
    assert found is not None, task["error"]
    part = site.installation.client.get(f"/api/artifacts/{found[1]}")
    assert part.text == "[wire double, "


@pytest.mark.parametrize("reply", ["content_policy", "content_filter", "refusal"])
def test_a_refused_prompt_fails_at_once(site: Site, reply: str) -> None:
    task, posts = site.run(f"[wire: {reply}]")

    assert (task["status"], task["attempts"]) == ("failed", 1)
    assert task["error"]["code"] == "content_policy"
    assert len(posts) == 1


def test_an_image_whose_answer_is_lost_is_not_paid_for_twice(site: Site) -> None:
    task, posts = site.run("[wire: drop]", "ai.image")

    assert (task["status"], task["attempts"]) == ("failed", 1)
    assert task["error"]["code"] == "outcome_unknown"
    assert len(posts) == 1


def test_a_key_that_the_server_echoes_is_neither_in_the_ledger_nor_in_a_log(site: Site) -> None:
    site.server.next("unauthorized", error={"message": f"Wrong key {KEY}", "code": "no_key"})

    task, _ = site.run("Say hello")

    assert task["error"]["code"] == "provider_refused"
    assert "Wrong key ***" in task["error"]["message"]
    with sqlite3.connect(site.database) as connection:
        ledger = "\n".join(connection.iterdump())
    connection.close()
    assert "Wrong key ***" in ledger
    assert KEY not in ledger
    assert KEY not in site.installation.logs()
