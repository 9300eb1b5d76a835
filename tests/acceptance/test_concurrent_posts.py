"""Many posts at once share transactions, and nothing else."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.services.installation import Installation


def test_one_bad_post_among_a_hundred_concurrent_ones_fails_alone(
    running: Installation, log: Path
) -> None:
    def post(number: int) -> tuple[int, dict[str, object]]:
        user = "nul\0byte" if number == 50 else f"user-{number}"
        response = running.post("probe.sleep", {"log": str(log)}, user_id=user)
        return response.status_code, response.json()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(post, range(100)))

    assert [status for status, _ in answers].count(202) == 99
    status, problem = answers[50]
    assert 400 <= status < 500
    assert "user_id" in str(problem["errors"])
    ids = [body["data"]["id"] for status, body in answers if status == 202]  # type: ignore[index]
    assert {running.outcome(each)["status"] for each in ids} == {"success"}
