"""A parent that is killed between two of its children has each of them once."""

from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.conftest import Install
from tests.services.installation import wait_until


@pytest.mark.parametrize("parent", ["probe.parent", "probe.parent_apart"])
def test_ten_children_of_a_parent_that_was_killed_after_the_third(
    install: Install, log: Path, parent: str
) -> None:
    """kill -9 of the whole worker, or of the process of a ``def`` handler."""
    installation = install(lease=1)
    installation.start_workers(2)

    task_id = installation.submit(parent, {"log": str(log)}, user_id="ada")
    ended = installation.outcome(task_id)

    assert ended["status"] == "success"
    ids = ended["result"]
    assert len(set(ids)) == 10
    for each in ids:
        child = installation.outcome(each)
        assert (child["status"], child["parent_id"]) == ("success", task_id)
        assert child["user_id"] == "ada"
    path = f"/api/queues/tasks/{task_id}/children"
    listed = installation.client.get(path).json()["data"]
    assert sorted(each["id"] for each in listed) == sorted(ids)
    starts = Counter(line.split()[1] for line in log.read_text().splitlines())
    again = [name for name, times in starts.items() if times > 1]
    # Those that were there already may have run on the worker that died, and so run once more.
    died = {"child-0", "child-1", "child-2"} if parent == "probe.parent" else set()
    assert starts.keys() == {f"child-{number}" for number in range(10)}
    assert died.issuperset(again), starts
    assert max(starts.values()) <= 2
    wait_until(
        lambda: installation.queue_status()["probe"]["completed"] == 11,
        what="eleven tasks to be counted",
    )
