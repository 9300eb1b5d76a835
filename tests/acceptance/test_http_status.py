"""The queues at a glance, over real HTTP."""

from tests.services.installation import Installation


def test_status_has_an_entry_of_counts_for_each_queue(running: Installation) -> None:
    status = running.queue_status()

    assert set(status) >= {"ai", "probe", "line"}
    for counts in status.values():
        assert set(counts) == {
            "waiting",
            "active",
            "completed",
            "failed",
            "delayed",
            "cancelled",
            "workers",
            "parked",
            "paused",
            "draining",
            "declared",
        }
        assert all(isinstance(count, int) for count in counts.values())
