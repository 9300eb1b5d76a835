"""The API, as the client commands use it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from http import HTTPStatus
from mimetypes import guess_type
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote
from uuid import UUID

import httpx
import msgspec

from penstock.cli.answer import A, Page
from penstock.cli.batch_answers import Batch
from penstock.cli.policy_answers import ProviderPolicy, Purge, QueuePolicy, TaskPolicy
from penstock.cli.schedule_answers import Schedule
from penstock.cli.task_answers import Bulk, LogPage, SentEvent, Task
from penstock.cli.terms import Terms
from penstock.declarations import Artifact, PenstockError

T = TypeVar("T")

_TIMEOUT = timedelta(seconds=10)
# The API says something every 15 s.
_SILENCE = httpx.Timeout(45, connect=10)
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class ApiUnreachableError(PenstockError):
    """Nothing answers at the API's address."""


class ApiProblemError(PenstockError):
    """The API answered with a problem. ``status`` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class _Success(msgspec.Struct):
    data: msgspec.Raw
    next: str | None = None


class _FieldProblem(msgspec.Struct):
    field: str = ""
    message: str = ""
    remedy: str = ""


class _Problem(msgspec.Struct):
    title: str
    detail: str = ""
    errors: list[_FieldProblem] = []


class ApiClient:
    """One API, called with one key.

    Args:
        url: its address, without a trailing slash.
        key: sent as a bearer token; ``None`` sends none.
        key_source: for people, where the key is read from.
    """

    def __init__(self, url: str, key: str | None, *, key_source: str = "") -> None:
        self._url = url
        self._key_source = key_source
        self._http = httpx.Client(
            base_url=url,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=_TIMEOUT.total_seconds(),
            # A proxy from the environment cannot reach this machine's own loopback.
            trust_env=httpx.URL(url).host not in _LOOPBACK,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def submit(
        self,
        type_name: str,
        input_: bytes,
        terms: Terms,
    ) -> Task:
        """Submit a task; on return the API has it in its ledger. ``input_`` is JSON.

        Raises:
            ApiUnreachableError: if nothing answers.
            ApiProblemError: if the API refuses.
        """
        body = {
            "type": type_name,
            "input": msgspec.Raw(input_),
            **terms.members(),
        }
        with self._answers():
            answer = self._http.post(
                "/api/queues/tasks",
                content=msgspec.json.encode(body),
                headers={"Content-Type": "application/json"},
            )
        return self._one(answer, Task)

    def cancel(self, task_id: UUID, reason: str | None) -> Task:
        """Cancel a task; returns it as it is then, cancelled or running still.

        Raises:
            ApiUnreachableError: if nothing answers.
            ApiProblemError: if the API refuses.
        """
        with self._answers():
            body = {} if reason is None else {"reason": reason}
            answer = self._http.post(f"/api/queues/tasks/{task_id}/cancel", json=body)
        return self._one(answer, Task)

    def retry(self, task_id: UUID) -> Task:
        """Run a failed or cancelled task again.

        Raises:
            ApiUnreachableError: if nothing answers.
            ApiProblemError: if the API refuses.
        """
        with self._answers():
            answer = self._http.post(f"/api/queues/tasks/{task_id}/retry")
        return self._one(answer, Task)

    def tasks(self, filters: Mapping[str, str], *, limit: int, cursor: str | None) -> Page[Task]:
        """Some tasks, newest first.

        Args:
            filters: which ones, as in the query of the API.
            limit: how many at most.
            cursor: the ``next`` of the page before.

        Raises:
            ApiUnreachableError: if nothing answers.
            ApiProblemError: if the API refuses.
        """
        return self._page("/api/queues/tasks", Task, filters, limit=limit, cursor=cursor)

    def change_tasks(self, what: str, body: Mapping[str, Any]) -> Bulk:
        """Cancel many tasks, or run them again.

        Args:
            what: ``cancel`` or ``retry``.
            body: which ones, as the API takes it.

        Raises:
            ApiUnreachableError: if nothing answers.
            ApiProblemError: if the API refuses.
        """
        with self._answers():
            answer = self._http.post(f"/api/queues/tasks/{what}", json=body)
        return self._one(answer, Bulk)

    def upload(
        self,
        type_name: str,
        file: Path,
        terms: Terms,
        *,
        input_: bytes | None = None,
    ) -> Task:
        """Send a file, which becomes a task; on return the API has both.

        The file is never whole in memory.

        Args:
            type_name: a task type that takes files.
            file: sent under its own name, with the media type that its name suggests.
            terms: how it shall be done.
            input_: the input's other fields, as JSON.

        Raises:
            ApiUnreachableError: if nothing answers.
            ApiProblemError: if the API refuses.
            OSError: if the file cannot be read.
        """
        form = {"type": type_name, **terms.members()}
        if input_ is not None:
            form["input"] = input_
        # A name that is no text, which file systems allow, cannot be sent.
        name = file.name.encode(errors="replace").decode()
        kind = guess_type(file.name)[0] or "application/octet-stream"
        with file.open("rb") as content, self._answers():
            answer = self._http.post(
                "/api/uploads", data=form, files={"file": (name, content, kind)}
            )
        return self._one(answer, Task)

    def task(self, task_id: UUID) -> Task:
        """What is known of a task.

        Raises:
            ApiUnreachableError: if nothing answers.
            ApiProblemError: if the API refuses, or does not know the task.
        """
        with self._answers():
            answer = self._http.get(f"/api/queues/tasks/{task_id}")
        return self._one(answer, Task)

    def log(self, task_id: UUID, *, cursor: str | None = None) -> LogPage:
        """A page of a task's log; ``cursor`` is the ``next`` of the one before.

        Raises as :meth:`task`.
        """
        query = {} if cursor is None else {"cursor": cursor}
        with self._answers():
            answer = self._http.get(f"/api/queues/tasks/{task_id}/log", params=query)
        lines, _ = self._read(answer, list[dict[str, Any]])
        return LogPage(lines=lines, next=msgspec.json.decode(answer.content, type=_Success).next)

    def events(self, task_id: UUID, last_id: str | None = None) -> Iterator[SentEvent]:
        """The events of a task behind ``last_id``, until it has ended or the API stops.

        Raises:
            ApiUnreachableError: if nothing answers, or the connection breaks.
            ApiProblemError: if the API refuses, or does not know the task.
        """
        headers = {"Accept": "text/event-stream"}
        if last_id is not None:
            headers["Last-Event-ID"] = last_id
        path = f"/api/queues/tasks/{task_id}/events"
        with (
            self._answers(),
            self._http.stream("GET", path, headers=headers, timeout=_SILENCE) as answer,
        ):
            if answer.status_code != HTTPStatus.OK:
                answer.read()
                raise self._problem(answer)
            fields: dict[str, list[str]] = defaultdict(list)
            for line in answer.iter_lines():
                name, _, value = line.partition(":")
                if line:
                    fields[name].append(value.removeprefix(" "))
                elif "event" in fields:
                    data = "\n".join(fields["data"]).encode()
                    yield SentEvent(fields["event"][0], data, next(iter(fields["id"]), None))
                if not line:
                    fields.clear()

    def queues(self) -> list[QueuePolicy]:
        """All queues. Raises as all of these do: see :meth:`task`."""
        with self._answers():
            answer = self._http.get("/api/queues")
        return self._many(answer, QueuePolicy)

    def queue(self, name: str) -> QueuePolicy:
        """One queue; see :meth:`queues`."""
        return self._queue("GET", _segment(name))

    def set_queue(self, name: str, values: Mapping[str, str | None]) -> QueuePolicy:
        """Say what shall hold for a queue, by knob; ``None`` takes it back."""
        return self._queue("PATCH", _segment(name), json=dict(values))

    def reset_queue(self, name: str) -> QueuePolicy:
        """Take back all that was said of a queue."""
        return self._queue("DELETE", f"{_segment(name)}/overrides")

    def switch_queue(self, name: str, what: str) -> QueuePolicy:
        """``pause``, ``resume`` or ``drain`` a queue."""
        return self._queue("POST", f"{_segment(name)}/{what}")

    def purge_queue(self, name: str, *, before: str | None = None) -> Purge:
        """Cancel what waits in a queue, those that came before ``before``."""
        body = {} if before is None else {"before": before}
        with self._answers():
            answer = self._http.post(f"/api/queues/{_segment(name)}/purge", json=body)
        return self._read(answer, Purge)[0]

    def _queue(self, method: str, path: str, **options: Any) -> QueuePolicy:
        with self._answers():
            answer = self._http.request(method, f"/api/queues/{path}", **options)
        return self._one(answer, QueuePolicy)

    def providers(self) -> list[ProviderPolicy]:
        """All providers. Raises as all of these do: see :meth:`task`."""
        with self._answers():
            answer = self._http.get("/api/providers")
        return self._many(answer, ProviderPolicy)

    def provider(self, name: str) -> ProviderPolicy:
        """One provider; see :meth:`providers`."""
        return self._provider("GET", _segment(name))

    def set_provider(self, name: str, values: Mapping[str, str | None]) -> ProviderPolicy:
        """Say what shall hold for a provider, by knob; ``None`` takes it back."""
        return self._provider("PATCH", _segment(name), json=dict(values))

    def reset_provider(self, name: str) -> ProviderPolicy:
        """Take back all that was said of a provider."""
        return self._provider("DELETE", f"{_segment(name)}/overrides")

    def _provider(self, method: str, path: str, **options: Any) -> ProviderPolicy:
        with self._answers():
            answer = self._http.request(method, f"/api/providers/{path}", **options)
        return self._one(answer, ProviderPolicy)

    def explain(self, type_name: str) -> TaskPolicy:
        """Everything that holds for a task type. Raises as all of these do: see :meth:`task`."""
        return self._task_type("GET", type_name)

    def set_task_type(self, type_name: str, values: Mapping[str, str | None]) -> TaskPolicy:
        """Say what shall hold for a task type, by knob; ``None`` takes it back."""
        return self._task_type("PATCH", type_name, json=dict(values))

    def reset_task_type(self, type_name: str) -> TaskPolicy:
        """Take back all that was said of a task type."""
        return self._task_type("DELETE", type_name)

    def _task_type(self, method: str, type_name: str, **options: Any) -> TaskPolicy:
        path = f"/api/task-types/{_segment(type_name)}/policy"
        with self._answers():
            answer = self._http.request(method, path, **options)
        return self._one(answer, TaskPolicy)

    def submit_batch(
        self, tasks: Sequence[bytes], terms: Mapping[str, Any], *, key: str | None = None
    ) -> Batch:
        """Submit a batch. ``tasks`` are JSON, ``terms`` the API's other fields.

        With the same idempotency ``key`` a repeat is the same batch, as it is then. Raises as all
        of these do: see :meth:`task`.
        """
        return self._post_tasks("", tasks, terms, key)

    def add_to_batch(
        self, batch_id: UUID, tasks: Sequence[bytes], *, key: str | None = None
    ) -> Batch:
        """Add tasks to a batch that is not sealed, all of them or none; see :meth:`submit_batch`.

        With the same idempotency ``key`` a repeat adds nothing.
        """
        return self._post_tasks(f"/{batch_id}/tasks", tasks, {}, key)

    def batch(self, batch_id: UUID) -> Batch:
        """One batch; see :meth:`submit_batch`."""
        return self._batch("GET", f"/{batch_id}")

    def seal_batch(self, batch_id: UUID) -> Batch:
        """Take no more tasks of a batch."""
        return self._batch("POST", f"/{batch_id}/seal")

    def cancel_batch(self, batch_id: UUID, reason: str | None) -> Batch:
        """Cancel the open tasks of a batch."""
        body = {} if reason is None else {"reason": reason}
        return self._batch("POST", f"/{batch_id}/cancel", json=body)

    def batches(self, *, limit: int, cursor: str | None) -> Page[Batch]:
        """Some batches, newest first; see :meth:`tasks`."""
        return self._page("/api/batches", Batch, {}, limit=limit, cursor=cursor)

    def _post_tasks(
        self,
        path: str,
        tasks: Sequence[bytes],
        terms: Mapping[str, Any],
        key: str | None,
    ) -> Batch:
        body = {"tasks": [msgspec.Raw(each) for each in tasks], **terms}
        headers = {"Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        return self._batch("POST", path, content=msgspec.json.encode(body), headers=headers)

    def _batch(self, method: str, path: str, **options: Any) -> Batch:
        with self._answers():
            answer = self._http.request(method, f"/api/batches{path}", **options)
        return self._one(answer, Batch)

    def schedules(self) -> list[Schedule]:
        """All schedules. Raises as all of these do: see :meth:`task`."""
        with self._answers():
            answer = self._http.get("/api/schedules")
        return self._many(answer, Schedule)

    def schedule(self, name: str) -> Schedule:
        """One schedule; see :meth:`schedules`."""
        return self._schedule("GET", f"/{_segment(name)}")

    def create_schedule(
        self, name: str, type_name: str, input_: bytes, terms: Mapping[str, Any]
    ) -> Schedule:
        """Make a schedule. ``input_`` is JSON, ``terms`` are the API's other fields."""
        body = {"name": name, "type": type_name, "input": msgspec.Raw(input_), **terms}
        return self._schedule(
            "POST",
            content=msgspec.json.encode(body),
            headers={"Content-Type": "application/json"},
        )

    def switch_schedule(self, name: str, what: str) -> Schedule:
        """``pause`` or ``resume`` a schedule."""
        return self._schedule("POST", f"/{_segment(name)}/{what}")

    def delete_schedule(self, name: str) -> Schedule:
        """Remove a schedule; returns it as it was."""
        return self._schedule("DELETE", f"/{_segment(name)}")

    def run_schedule(self, name: str) -> Task:
        """Submit the task of a schedule now."""
        with self._answers():
            answer = self._http.post(f"/api/schedules/{_segment(name)}/run")
        return self._one(answer, Task)

    def _schedule(self, method: str, path: str = "", **options: Any) -> Schedule:
        with self._answers():
            answer = self._http.request(method, f"/api/schedules{path}", **options)
        return self._one(answer, Schedule)

    def download(self, artifact: Artifact, file: Path) -> None:
        """Save an artifact; ``file`` appears, or is replaced, only when all of it arrived.

        Raises:
            ApiUnreachableError: if nothing answers, or the connection breaks.
            ApiProblemError: if the API refuses, or the bytes are not the ones that were stored.
            OSError: if the file cannot be written.
        """
        draft = file.with_name(f".{file.name}.part")
        try:
            with (
                self._answers(),
                self._http.stream("GET", f"/api/artifacts/{artifact.id}") as answer,
            ):
                if answer.status_code != HTTPStatus.OK:
                    answer.read()
                    raise self._problem(answer)
                digest = sha256()
                with draft.open("wb") as target:
                    for chunk in answer.iter_bytes():
                        digest.update(chunk)
                        target.write(chunk)
            if digest.hexdigest() != artifact.sha256:
                raise ApiProblemError(
                    f"expected the bytes of artifact {artifact.id} to have the SHA-256 "
                    f"{artifact.sha256}, got {digest.hexdigest()}; download it again",
                    answer.status_code,
                )
            draft.replace(file)
        finally:
            draft.unlink(missing_ok=True)

    @contextmanager
    def _answers(self) -> Iterator[None]:
        try:
            yield
        except (httpx.TransportError, httpx.InvalidURL) as error:
            reason = str(error) or type(error).__name__
            raise ApiUnreachableError(
                f"cannot reach {self._url}: {reason}; is `penstock dev` running? "
                "PENSTOCK_URL says where the API is"
            ) from error

    def _page(
        self,
        path: str,
        kind: type[A],
        filters: Mapping[str, str],
        *,
        limit: int,
        cursor: str | None,
    ) -> Page[A]:
        place = {} if cursor is None else {"cursor": cursor}
        with self._answers():
            answer = self._http.get(path, params={**filters, "limit": limit, **place})
        items = self._many(answer, kind)
        return Page(items, msgspec.json.decode(answer.content, type=_Success).next)

    def _many(self, answer: httpx.Response, kind: type[A]) -> list[A]:
        return [kind.read(each) for each in self._read(answer, list[msgspec.Raw])[0]]

    def _one(self, answer: httpx.Response, kind: type[A]) -> A:
        found, document = self._read(answer, kind)
        found.document = document
        return found

    def _read(self, answer: httpx.Response, kind: type[T]) -> tuple[T, msgspec.Raw]:
        """The data of an answer, and all of it as received."""
        if not answer.is_success:
            raise self._problem(answer)
        try:
            document = msgspec.json.decode(answer.content, type=_Success).data
            return msgspec.json.decode(document, type=kind), document
        except msgspec.DecodeError as error:
            raise self._not_penstock(answer) from error

    def _problem(self, answer: httpx.Response) -> ApiProblemError:
        try:
            problem = msgspec.json.decode(answer.content, type=_Problem)
        except msgspec.DecodeError:
            return self._not_penstock(answer)
        # With one error the detail is that error.
        says_more = problem.detail and not any(
            each.message in problem.detail for each in problem.errors
        )
        lines = [f"{problem.title}: {problem.detail}" if says_more else problem.title]
        for each in problem.errors:
            lines.append(f"  {each.field}: {each.message}")
            if each.remedy:
                lines.append(f"    {each.remedy}")
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            lines.append(f"  {self._key_source}")
        return ApiProblemError("\n".join(lines), answer.status_code)

    def _not_penstock(self, answer: httpx.Response) -> ApiProblemError:
        kind = answer.headers.get("content-type", "no content type")
        return ApiProblemError(
            f"expected the API of Penstock at {self._url}, got HTTP {answer.status_code} with "
            f"{kind}; PENSTOCK_URL says where the API is",
            answer.status_code,
        )


def _segment(name: str) -> str:
    """A name as one part of a path, whatever somebody typed."""
    return quote(name, safe="")
