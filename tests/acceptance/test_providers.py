"""The limits of a provider, over two queues and two workers, one of which dies."""

import time
from pathlib import Path

from tests.acceptance.conftest import Install
from tests.services.installation import wait_until

LEASE = 2.0
CONCURRENCY = 3
CLOSED = 3.0
"""Seconds; enough for another task to be done even on a slow machine."""


def runs(log: Path) -> list[tuple[float, float | None, int]]:
    """Start, end (if it ended) and process of each run."""
    found: dict[tuple[str, str], list[tuple[float, float | None, int]]] = {}
    for line in log.read_text().splitlines():
        what, name, _, moment, pid = line.split()
        of_task = found.setdefault((name, pid), [])
        if what == "start":
            of_task.append((float(moment), None, int(pid)))
        else:
            of_task[-1] = (of_task[-1][0], float(moment), int(pid))
    return [run for of_task in found.values() for run in of_task]


def test_concurrency_is_never_exceeded_even_if_a_worker_is_killed(
    install: Install, log: Path
) -> None:
    penstock = install(lease=LEASE)
    workers = penstock.start_workers(2, "probe", "paid")
    order = {"log": str(log), "seconds": 0.3}
    tasks = [penstock.submit("probe.metered", order) for _ in range(8)]
    tasks += [penstock.submit("probe.metered-too", order) for _ in range(8)]
    wait_until(lambda: log.exists() and log.read_text().count("end") >= 2, what="some to end")

    # One that is using the provider at this moment.
    pid = int(log.read_text().splitlines()[-1].split()[4])
    victim = next(worker for worker in workers if worker.pid == pid)
    victim.kill()
    killed = time.time()

    ended = [penstock.outcome(each) for each in tasks]
    assert {(each["status"], each["attempts"]) for each in ended} == {("success", 1)}
    assert {each["provider"] for each in ended} == {"metered"}
    spans = [(start, end or killed) for start, end, _ in runs(log)]
    assert len(spans) >= len(tasks)
    most = max(sum(begin <= start < end for begin, end in spans) for start, _ in spans)
    assert most == CONCURRENCY


def test_a_refusal_closes_the_provider_for_all_queues_and_workers(
    install: Install, log: Path
) -> None:
    penstock = install(lease=LEASE)
    penstock.start_workers(2, "probe", "paid")
    first = penstock.submit("probe.metered", {"log": str(log), "seconds": CLOSED, "failures": 1})
    wait_until(lambda: log.exists() and "start" in log.read_text(), what="the refusal")
    # It is closed as soon as the handler has raised; the queues learn it within a moment.
    wait_until(lambda: penstock.task(first)["status"] == "pending", what="it to be closed")

    other = penstock.submit("probe.metered-too", {"log": str(log)})
    free = penstock.submit("probe.sleep", {"log": str(log)})

    ended_free = penstock.outcome(free)
    ended = [penstock.outcome(each) for each in (first, other)]
    assert {(each["status"], each["attempts"]) for each in ended} == {("success", 1)}
    starts = {line.split()[1]: float(line.split()[3]) for line in log.read_text().splitlines()}
    refused = float(log.read_text().split()[3])
    assert ended_free["status"] == "success"
    assert starts[free] < starts[other]
    assert starts[other] - refused >= CLOSED
