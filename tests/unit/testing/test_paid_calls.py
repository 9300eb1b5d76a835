"""Calls that cost money are seen, by whatever library."""

import http.client
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from penstock.testing.contract.paid_calls import PaidCalls


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    def do_GET(self) -> None:
        if self.path == "/slow":
            time.sleep(0.1)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_requests_that_may_cost_are_counted_and_reads_are_not(port: int) -> None:
    url = f"http://127.0.0.1:{port}/jobs"
    with PaidCalls.counted(lambda: 0) as calls, httpx.Client(trust_env=False) as client:
        client.get(url)
        client.post(url, json={})
        urllib.request.urlopen(urllib.request.Request(url, data=b"{}")).close()
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.request("GET", "/jobs")
        connection.getresponse().read()
        connection.close()
        with PaidCalls.counted(lambda: 0) as inner:
            client.post(url)
    httpx.post(url, trust_env=False)

    assert calls.requests == {f"POST {url}": 3}
    assert inner.requests == {f"POST {url}": 1}
    assert calls.beyond(inner) == [f"POST {url} was sent 3 times instead of 1"]


def test_what_the_author_counts_is_counted_from_where_it_was() -> None:
    orders = ["an earlier one"]
    with PaidCalls.counted(lambda: len(orders)) as calls:
        orders.append("one")

    assert calls.counted_by_author == 1
    assert calls.beyond(PaidCalls()) == ["paid_calls() counted 1 instead of 0"]
