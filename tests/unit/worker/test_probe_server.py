"""Probes over HTTP, from a thread."""

import httpx
import pytest

from penstock.worker.probe_server import ProbeServer


@pytest.fixture
def wrong():
    return {"live": "", "ready": ""}


@pytest.fixture
def url(wrong):
    server = ProbeServer("127.0.0.1", 0, live=lambda: wrong["live"], ready=lambda: wrong["ready"])
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


def test_a_healthy_worker_says_so(url):
    for path in ("/livez", "/readyz", "/readyz?verbose"):
        answer = httpx.get(url + path, trust_env=False)
        assert (answer.status_code, answer.json()) == (200, {"status": 200, "detail": "ok"})


def test_what_is_wrong_is_told(url, wrong):
    wrong["ready"] = "it is shutting down"

    assert httpx.get(f"{url}/livez", trust_env=False).status_code == 200
    answer = httpx.get(f"{url}/readyz", trust_env=False)
    assert (answer.status_code, answer.json()["detail"]) == (503, "it is shutting down")


def test_other_paths_are_not_there(url):
    assert httpx.get(f"{url}/metrics", trust_env=False).status_code == 404
