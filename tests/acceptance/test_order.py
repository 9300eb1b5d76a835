"""Which task runs first."""

from pathlib import Path

from tests.acceptance.conftest import Install
from tests.services.installation import wait_until


def test_an_urgent_task_posted_behind_fifty_low_ones_runs_before_them(
    install: Install, log: Path
) -> None:
    penstock = install()
    for number in range(50):
        penstock.submit("probe.line", {"log": str(log), "name": f"low-{number}"}, priority="low")
    penstock.submit("probe.line", {"log": str(log), "name": "normal"})
    penstock.submit("probe.line", {"log": str(log), "name": "high"}, priority="high")
    urgent = penstock.submit("probe.line", {"log": str(log), "name": "urgent"}, priority="urgent")
    assert penstock.task(urgent)["status"] == "pending"
    wait_until(
        lambda: penstock.queue_status()["line"]["waiting"] == 53, what="all to be handed over"
    )

    penstock.start_worker("line")
    last = penstock.submit("probe.line", {"log": str(log), "name": "last"}, priority="low")
    penstock.outcome(last)

    names = [line.split()[1] for line in log.read_text().splitlines()]
    assert names == ["urgent", "high", "normal", *(f"low-{each}" for each in range(50)), "last"]


def test_an_urgent_task_overtakes_low_ones_while_they_run(
    install: Install, log: Path, gate: Path
) -> None:
    penstock = install()
    penstock.start_worker("line")
    low = {"log": str(log), "name": "low", "until": str(gate)}
    last = [penstock.submit("probe.line", low, priority="low") for _ in range(20)][-1]
    wait_until(log.exists, what="the first one to start")
    urgent = {"log": str(log), "name": "urgent"}
    penstock.submit("probe.line", urgent, priority="urgent")
    wait_until(
        lambda: penstock.queue_status()["line"]["waiting"] == 20, what="all others to be in line"
    )

    gate.touch()
    penstock.outcome(last)

    names = [line.split()[1] for line in log.read_text().splitlines()]
    assert names == ["low", "urgent", *["low"] * 19]


def test_who_posts_many_tasks_does_not_delay_those_of_others(install: Install, log: Path) -> None:
    penstock = install()

    def post(user: str) -> str:
        return penstock.submit("probe.line", {"log": str(log), "name": user}, user_id=user)

    posted = [post("heavy") for _ in range(60)]
    posted += [post(f"light-{each % 2}") for each in range(10)]
    wait_until(
        lambda: penstock.queue_status()["line"]["waiting"] == 70, what="all to be handed over"
    )

    penstock.start_worker("line")
    for each in posted:
        penstock.outcome(each)

    names = [line.split()[1] for line in log.read_text().splitlines()]
    # One slot, three users: of each three turns everybody has one, until the light ones are done.
    assert sorted(names[:15]) == ["heavy"] * 5 + ["light-0"] * 5 + ["light-1"] * 5
    assert names[15:] == ["heavy"] * 55
