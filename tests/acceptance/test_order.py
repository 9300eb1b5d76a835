"""Which task runs first."""

from pathlib import Path

from tests.acceptance.conftest import Install


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
    assert penstock.queue_status()["line"]["waiting"] == 53

    penstock.start_worker("line")
    last = penstock.submit("probe.line", {"log": str(log), "name": "last"}, priority="low")
    penstock.outcome(last)

    names = [line.split()[1] for line in log.read_text().splitlines()]
    assert names == ["urgent", "high", "normal", *(f"low-{each}" for each in range(50)), "last"]


def test_an_urgent_task_overtakes_low_ones_while_they_run(install: Install, log: Path) -> None:
    penstock = install()
    penstock.start_worker("line")
    low = [
        penstock.submit(
            "probe.line", {"log": str(log), "name": "low", "seconds": 0.05}, priority="low"
        )
        for _ in range(50)
    ]
    penstock.outcome(
        penstock.submit("probe.line", {"log": str(log), "name": "urgent"}, priority="urgent")
    )

    open_ones = sum(penstock.task(each)["finished_at"] is None for each in low)
    names = [line.split()[1] for line in log.read_text().splitlines()]
    assert open_ones > 0
    assert "urgent" in names[: 50 - open_ones + 2]
