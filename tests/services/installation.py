"""A whole Penstock: API and workers as real processes over real services."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from tests.services.forked_process import ForkedProcess
from tests.services.free_port import find_free_port

PROBE_PLUGIN = Path(__file__).parents[1] / "probe_plugin"
API_KEY = "key-of-the-tests"
# Generous: these machines are slow at times. Nothing waits longer than it has to.
_START_TIMEOUT = 120.0  # on a machine that is busy with other things, too


class Installation:
    """One API on a free port, and as many workers as a test starts.

    Args:
        folder: for the data folder and the logs.
        lease: seconds; how long a task stays its worker's without a heartbeat.
        drain: seconds; how long a worker that is told to stop waits for its tasks.
        environment: what is set beside that.
    """

    def __init__(
        self,
        folder: Path,
        *,
        redis_url: str,
        database_url: str,
        namespace: str,
        lease: float = 30,
        drain: float = 30,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.port = find_free_port()
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(PROBE_PLUGIN),
            "REDIS_URL": redis_url,
            "DATABASE_URL": database_url,
            "PENSTOCK_NAMESPACE": namespace,
            "PENSTOCK_DATA_DIR": str(folder / "data"),
            "PENSTOCK_PORT": str(self.port),
            "PENSTOCK_API_KEY": API_KEY,
            "PENSTOCK_LEASE_SECONDS": str(lease),
            "PENSTOCK_DRAIN_SECONDS": str(drain),
            **(environment or {}),
        }
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": f"Bearer {API_KEY}"},
            timeout=30,
            trust_env=False,
        )
        self._processes: list[ForkedProcess] = []
        self._logs: dict[ForkedProcess, Path] = {}

    def __enter__(self) -> Self:
        api = self.start("api")
        try:
            wait_until(
                lambda: api.poll() is not None or self._serves(),
                what="the API to serve",
                timeout=_START_TIMEOUT,
            )
            assert api.poll() is None, f"the API did not start:\n{self.logs()}"
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.client.close()
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()

    # -- processes ---------------------------------------------------------------------------

    def start(self, *arguments: str, **environment: str) -> ForkedProcess:
        """Start ``penstock`` with ``arguments``; its log is a file in the folder."""
        log = self.folder / f"{arguments[0]}-{len(self._processes)}.log"
        log.touch()
        process = ForkedProcess(
            arguments,
            environment={**self.environment, **environment},
            folder=self.folder,
            log=log,
        )
        self._processes.append(process)
        self._logs[process] = log
        return process

    def log_of(self, process: ForkedProcess) -> str:
        """What one process has logged so far."""
        return self._logs[process].read_text()

    def start_worker(self, *queues: str, **environment: str) -> ForkedProcess:
        """Start a worker, and return once it says that it serves."""
        return self.start_workers(1, *queues, **environment)[0]

    def start_workers(self, count: int, *queues: str, **environment: str) -> list[ForkedProcess]:
        """Start several workers at once, and return once all of them serve."""
        expected = self._workers(queues) + count
        only = ["--queues", ",".join(queues)] if queues else []
        workers = [self.start("worker", *only, **environment) for _ in range(count)]
        wait_until(
            lambda: self._workers(queues) >= expected,
            what="the workers to serve",
            timeout=_START_TIMEOUT,
        )
        return workers

    def stop(self, process: ForkedProcess) -> int:
        """SIGTERM, and the exit code."""
        process.send_signal(signal.SIGTERM)
        return process.wait(_START_TIMEOUT)

    def logs(self) -> str:
        """What all processes have logged so far."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))

    # -- tasks -------------------------------------------------------------------------------

    def post(self, type_name: str, task_input: object, **fields: object) -> httpx.Response:
        return self.client.post(
            "/api/queues/tasks", json={"type": type_name, "input": task_input, **fields}
        )

    def submit(self, type_name: str, task_input: object, **fields: object) -> str:
        """Post a task; returns its id."""
        response = self.post(type_name, task_input, **fields)
        assert response.status_code == 202, response.text
        task_id: str = response.json()["data"]["id"]
        return task_id

    def task(self, task_id: str) -> dict[str, Any]:
        response = self.client.get(f"/api/queues/tasks/{task_id}")
        assert response.status_code == 200, response.text
        data: dict[str, Any] = response.json()["data"]
        return data

    def outcome(self, task_id: str, timeout: float = 30) -> dict[str, Any]:
        """The task, once it has ended."""
        wait_until(
            lambda: self.task(task_id)["finished_at"] is not None,
            what=f"task {task_id} to end",
            timeout=timeout,
        )
        return self.task(task_id)

    def queue_status(self) -> dict[str, Any]:
        response = self.client.get("/api/queues/status")
        assert response.status_code == 200, response.text
        data: dict[str, Any] = response.json()["data"]
        return data

    def _workers(self, queues: tuple[str, ...]) -> int:
        workers: dict[str, int] = self.client.get("/api/health").json()["data"]["workers"]
        return min((workers.get(queue, 0) for queue in queues or workers), default=0)

    def _serves(self) -> bool:
        try:
            return self.client.get("/api/health").status_code == 200
        except httpx.TransportError:
            return False


def wait_until(condition: Callable[[], bool], *, what: str, timeout: float = 30) -> None:
    """Ask again and again, across processes where nothing can be awaited."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout} s for {what}")
        time.sleep(0.02)
