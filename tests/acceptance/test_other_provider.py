"""A provider of another plugin, installed beside ours: from HTTP in, to the outcome."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from penstock_ai.testing import TEXT, Reply, WireServer
from tests.services import RedisServer
from tests.services.installation import Installation, wait_until
from tests.unit.ai import test_anthropic_example as example

LIMIT = 2


@dataclass
class Site:
    """An installation whose operator has chosen the example for texts, with limits."""

    installation: Installation
    api: WireServer

    def run(self, prompt: str, task_type: str = "ai.text", **fields: object):
        task = {"prompt": prompt, **fields}
        return self.installation.outcome(self.installation.submit(task_type, task))


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, redis_server: RedisServer, sqlite_template: Path
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("anthropic")
    database = folder / "ledger.db"
    database.write_bytes(sqlite_template.read_bytes())
    metadata = folder / "site" / "penstock_anthropic-1.0.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: penstock-anthropic\nVersion: 1.0.0\n"
    )
    (metadata / "entry_points.txt").write_text("[penstock]\nanthropic = penstock_anthropic\n")
    suite = example.TestAnthropic()
    with (
        WireServer(suite.answer) as api,
        Installation(
            folder,
            redis_url=redis_server.url,
            database_url=f"sqlite+aiosqlite:///{database}",
            namespace=f"anthropic-{uuid.uuid4().hex[:12]}",
            environment={
                "PYTHONPATH": f"{metadata.parent}:{example.EXAMPLE}",
                "ANTHROPIC_API_KEY": suite.secret,
                "PENSTOCK_ANTHROPIC_BASE_URL": api.url,
                "PENSTOCK_ANTHROPIC_TEXT_MODEL": "claude-test",
                "PENSTOCK_AI_TEXT_PROVIDER": "anthropic",
                "PENSTOCK_QUEUE_AI_INITIAL_INTERVAL": "100ms",
                "PENSTOCK_PROVIDER_ANTHROPIC_CONCURRENCY": str(LIMIT),
                "NO_PROXY": "127.0.0.1",  # whatever proxy this shell goes through
            },
        ) as installation,
    ):
        installation.start_worker("ai")
        yield Site(installation, api)


@pytest.mark.parametrize("task_type", ["ai.text", "ai.code"])
def test_it_answers_our_tasks_and_they_say_so(site: Site, task_type: str) -> None:
    task = site.run("Say it.", task_type)

    assert (task["status"], task["provider"], task["attempts"]) == ("success", "anthropic", 1)
    result = task["result"]
    assert result["text" if task_type == "ai.text" else "code"].strip() == "".join(TEXT)
    assert (result["provider"], result["provider_label"]) == ("anthropic", "Anthropic")
    assert (result["model"], result["is_model_output"]) == ("claude-test", True)
    assert result["usage"] == {"input_tokens": 7, "output_tokens": 11}


def test_a_rate_limit_closes_it_and_spends_no_attempt(site: Site) -> None:
    site.api.next(Reply.RATE_LIMITED)

    task = site.run("Say it.")

    assert (task["status"], task["attempts"]) == ("success", 1)


def test_what_there_was_of_a_text_is_kept_when_it_is_asked_for_again(site: Site) -> None:
    site.api.next(Reply.CUT)

    task = site.run("Say it.")

    assert (task["status"], task["attempts"]) == ("success", 2)


def test_others_are_still_asked_by_name(site: Site) -> None:
    task = site.run("Say it.", provider="openai")

    assert (task["provider"], task["error"]["code"]) == ("openai", "capability_unavailable")
    assert "set OPENAI_API_KEY" in task["error"]["message"]


@pytest.mark.parametrize(
    ("task_type", "provider", "said"),
    [
        ("ai.text", "antropic", "got 'antropic'; did you mean 'anthropic'?"),
        ("ai.image", "anthropic", "answers with image, got 'anthropic' (Anthropic)"),
    ],
)
def test_who_cannot_answer_is_refused_when_the_task_is_submitted(
    site: Site, task_type: str, provider: str, said: str
) -> None:
    response = site.installation.post(task_type, {"prompt": "x", "provider": provider})

    assert response.status_code == 422, response.text
    assert said in response.text


def test_an_operators_limits_hold_for_it_and_who_is_cancelled_makes_room(site: Site) -> None:
    there = site.installation
    before = len(site.api.requests)
    site.api.next(*[Reply.HANGING] * LIMIT)
    asking = [there.submit("ai.text", {"prompt": "Say it."}) for _ in range(LIMIT)]
    wait_until(lambda: len(site.api.requests) == before + LIMIT, what="the limit to be reached")

    waiting = there.submit("ai.text", {"prompt": "Say it."})
    for each in asking:
        there.client.post(f"/api/queues/tasks/{each}/cancel")

    after, ended = there.outcome(waiting), [there.outcome(each) for each in asking]
    assert [each["status"] for each in ended] == ["cancelled"] * LIMIT
    assert after["status"] == "success"
    assert after["started_at"] >= min(each["finished_at"] for each in ended)
    site.api.wait_until_gone()
