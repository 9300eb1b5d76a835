"""A server on loopback that speaks the API's shapes, with answers that a test writes down."""

import json
import signal
import threading
import time
from email.parser import BytesParser
from email.policy import HTTP
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TASK_ID = "01936f2e-0000-7000-8000-000000000001"
ARTIFACT_ID = "01936f2e-0000-7000-8000-0000000000aa"
PDF = b"%PDF-1.7 as good as any"
ARTIFACT = {
    "id": ARTIFACT_ID,
    "name": "hello.pdf",
    "content_type": "application/pdf",
    "size": len(PDF),
    "sha256": sha256(PDF).hexdigest(),
}


def task(status="pending", **more):
    return {
        "id": TASK_ID,
        "type": "ai.document",
        "queue": "ai",
        "status": status,
        "priority": "normal",
        "user_id": None,
        "progress": 0.0,
        "progress_message": "",
        "attempts": 0,
        "max_attempts": 3,
        "input": {},
        "result": None,
        "error": None,
        "created_at": "2026-11-23T10:00:00Z",
        "run_at": None,
        "started_at": None,
        "finished_at": None,
        "updated_at": "2026-11-23T10:00:00Z",
        **more,
    }


def success(data, status=200, **more):
    document = {"success": True, "data": data, **more}
    return status, "application/json", json.dumps(document).encode()


def problem(status, title, detail="", errors=()):
    document = {"title": title, "status": status, "detail": detail, "errors": list(errors)}
    document["success"] = False
    return status, "application/problem+json", json.dumps(document).encode()


def sent(*events):
    """A stream of (event, data, id)."""
    text = "retry: 2000\n\n: nothing new\n\n"
    for kind, data, event_id in events:
        text += f"id: {event_id}\n" if event_id else ""
        text += f"event: {kind}\n"
        text += "".join(f"data: {line}\n" for line in json.dumps(data, indent=1).split("\n"))
        text += "\n"
    return 200, "text/event-stream", text.encode()


def interrupted(*_):
    """Events during which somebody presses Ctrl-C."""
    signal.raise_signal(signal.SIGINT)
    while True:
        time.sleep(0.001)
        yield from ()


LOST = None, "", b""
"""Of an answer that does not arrive."""


class ScriptedApi:
    """Answers each route with the next of its answers; the last one is repeated.

    ``requests`` are what came in: method, path, headers and body.
    """

    def __init__(self):
        self.requests = []
        self._answers = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}"

    def on(self, route, *answers):
        self._answers[route] = list(answers)

    def form(self, index):
        """The parts of a form that came in, by name: file name, content type and bytes."""
        _, _, headers, body = self.requests[index]
        head = f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + body)
        return {
            each.get_param("name", header="content-disposition"): (
                each.get_filename(),
                each["content-type"],
                each.get_payload(decode=True),
            )
            for each in message.iter_parts()
        }

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(api):  # noqa: N805 - `self` is the handler inside
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.answer("GET")

            def do_POST(self):
                self.answer("POST")

            def do_DELETE(self):
                self.answer("DELETE")

            def answer(self, method):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                api.requests.append((method, self.path, dict(self.headers), body))
                answers = api._answers[f"{method} {self.path}"]
                status, kind, content = answers.pop(0) if len(answers) > 1 else answers[0]
                if status is None:
                    return
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        return Handler
