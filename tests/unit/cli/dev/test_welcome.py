"""What `penstock dev` prints when it is up."""

import io
import json
import shlex

from rich.console import Console

from penstock.cli.dev import readiness, welcome
from tests.unit.cli.scripted_api import problem, success


def printed(**options):
    stream = io.StringIO()
    welcome.show(Console(file=stream, width=60), url="http://127.0.0.1:8000", **options)
    return stream.getvalue()


def test_its_curl_is_one_unbroken_line_that_posts_a_task():
    (line, _) = [line for line in printed(key="the-key").splitlines() if line.startswith("curl")]

    words = shlex.split(line)
    assert words[2] == "http://127.0.0.1:8000/api/queues/tasks"
    assert "Authorization: Bearer the-key" in words
    assert json.loads(words[words.index("-d") + 1])["type"] == "ai.document"


def test_a_key_that_the_user_set_is_not_repeated():
    assert "$PENSTOCK_API_KEY" in printed(key=None)


async def test_health_is_waited_for_and_what_lacks_is_said_once(api):
    missing = problem(503, "Not healthy", "redis did not answer")
    alone = success({"status": "ok", "workers": {"ai": 1, "video": 0}})
    served = success({"status": "ok", "workers": {"ai": 1, "video": 1}})
    api.on("GET /api/health", missing, missing, alone, served)
    said: list[str] = []

    await readiness.healthy(api.url, said.append)

    assert said == [
        "not ready yet: redis did not answer",
        "not ready yet: no worker serves video yet",
    ]
