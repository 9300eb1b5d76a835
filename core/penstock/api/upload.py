"""A form with a file, read into a submission: the file's bytes go to the storage meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request

from penstock.api.downloads import media_type
from penstock.api.fields import unknown_field
from penstock.api.form_parts import Part, form_parts, malformed
from penstock.api.idempotency import HEADER
from penstock.api.json_body import decode_object
from penstock.api.json_faults import join, shown
from penstock.api.problems import FieldError, Problem, invalid_request, too_large
from penstock.api.submission import FIELDS, read_submission
from penstock.declarations import TaskType
from penstock.dispatch import ArtifactStore, Dispatch, Submission
from penstock.dispatch.artifacts import check_name
from penstock.ledger import StoredArtifact
from penstock.plugins import Catalogue

FILE = "file"
"""The name of the part that is the file."""

_PARTS = (FILE, *FIELDS)
_NOT_TEXTS: dict[str, Any] = {
    "priority": int | float,
    "delay_seconds": int | float,
    "ttl_seconds": int | float,
    "unique": bool,
}


class UploadReader:
    """Reads forms.

    Args:
        catalogue: the task types on offer.
        dispatch: asked whether there is room for the task before its file is read.
        artifacts: where the files go.
        max_bytes: the longest body; see :func:`~penstock.api.form_parts.form_parts`.
        max_text_bytes: how long the parts beside the file may be together.
    """

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        dispatch: Dispatch,
        artifacts: ArtifactStore,
        max_bytes: int,
        max_text_bytes: int,
    ) -> None:
        self._catalogue = catalogue
        self._dispatch = dispatch
        self._artifacts = artifacts
        self._max_bytes = max_bytes
        self._max_text_bytes = max_text_bytes
        self._type_names = upload_types(catalogue.task_types.values())

    async def read(
        self, request: Request[Any, Any, Any], task_id: UUID
    ) -> tuple[Submission, StoredArtifact]:
        """The submission that a form makes, and its file, stored for task ``task_id``.

        If this raises, nothing stays of the file.

        Raises:
            Problem: for whatever is wrong with the form. What is wrong before the file is answered
                before the file is read.
            QueueFullError: so is this.
        """
        texts: dict[str, str] = {}
        file: StoredArtifact | None = None
        try:
            async with form_parts(request, max_bytes=self._max_bytes) as parts:
                async for part in parts:
                    _check_name(part, seen=(*texts, FILE) if file else texts)
                    if part.name == FILE:
                        name = _file_name(part)
                        if "type" in texts or len(self._type_names) == 1:
                            wanted = self._submission(texts)
                            # Whether it repeats an earlier one is known when the file is read.
                            if wanted.idempotency_key is None and HEADER not in request.headers:
                                await self._dispatch.check_room(wanted.type, wanted.user_id)
                        content_type = media_type(part.content_type or "")
                        file = await self._artifacts.receive(
                            task_id, name, part, content_type=content_type
                        )
                    else:
                        texts[part.name] = await self._text(part, texts)
            submission = self._submission(texts, file.id if file else None)
        except BaseException:
            if file is not None:
                await self._artifacts.discard(file)
            raise
        if file is None:
            message, remedy = "the form has no file", f"add a part named {FILE!r} with the file"
            raise invalid_request([FieldError(f"$.{FILE}", message, remedy)])
        return submission, file

    async def _text(self, part: Part, others: Mapping[str, str]) -> str:
        used = sum(len(each.encode()) for each in others.values())
        text = bytearray()
        async for chunk in part:
            text += chunk
            if used + len(text) > self._max_text_bytes:
                what = "all there is in the form beside the file"
                setting = "PENSTOCK_MAX_BODY_BYTES"
                raise too_large(f"$.{part.name}", what, self._max_text_bytes, setting=setting)
        try:
            return text.decode()
        except UnicodeDecodeError as error:
            message = f"the text is not valid UTF-8 at byte {error.start}"
            raise malformed(f"$.{part.name}", message, "encode the text as UTF-8") from error

    def _submission(self, texts: Mapping[str, str], file_id: UUID | None = None) -> Submission:
        """What the parts so far ask for; with the file's id, it is complete."""
        given = _input_members(texts.get("input"))
        values: dict[str, Any] = {name: _value(name, text) for name, text in texts.items()}
        values |= {"type": texts["type"] if "type" in texts else self._only_type(), "input": given}
        members = decode_object(msgspec.json.encode(values))
        submission = read_submission(members, self._catalogue)
        task_type = self._catalogue.task_type(submission.type)
        if task_type.upload is None:
            raise invalid_request([self._takes_no_file(task_type)])
        if task_type.upload in given:
            field = join("$.input", task_type.upload)
            message = "this field is filled with the id of the uploaded file"
            raise invalid_request([FieldError(field, message, "remove it")])
        complete = {task_type.upload: file_id, **given}
        return msgspec.structs.replace(submission, input=msgspec.json.encode(complete))

    def _only_type(self) -> str:
        if len(self._type_names) == 1:
            return self._type_names[0]
        if not self._type_names:
            message = "no installed plugin has a task type that takes files"
            remedy = "install one that has, like penstock-upload"
        else:
            message = "this part is missing, and several task types take files"
            remedy = f"add it with one of {', '.join(self._type_names)}"
        raise invalid_request([FieldError("$.type", message, remedy)])

    def _takes_no_file(self, task_type: TaskType[Any, Any]) -> FieldError:
        names = ", ".join(self._type_names) or "none of those installed"
        return FieldError(
            "$.type",
            f"task type {task_type.name!r} takes no files",
            f"send it to POST /api/queues/tasks; task types that take files: {names}",
        )


def upload_types(task_types: Iterable[TaskType[Any, Any]]) -> list[str]:
    """The names of those that take files, sorted."""
    return sorted(each.name for each in task_types if each.upload is not None)


def _check_name(part: Part, *, seen: Collection[str]) -> None:
    """Refuse a part that nothing asks for, or that is there already."""
    if part.name not in _PARTS:
        error = unknown_field(part.name, _PARTS)
        if part.filename is not None:
            error = msgspec.structs.replace(error, remedy=f"name the part of the file {FILE!r}")
    elif part.name in seen:
        remedy = "send one file per request" if part.name == FILE else "send it once"
        error = FieldError(f"$.{part.name}", "the form has several parts of this name", remedy)
    else:
        return
    raise invalid_request([error])


def _file_name(part: Part) -> str:
    name = part.filename
    remedy = "send the file's own name, like photo.jpg: a plain file name, without folders"
    if not name:
        message = "the part has no file name" if name is None else "no file was chosen"
        raise invalid_request([FieldError(f"$.{FILE}", message, remedy)])
    try:
        check_name(name)
    except ValueError as error:
        message = f"expected a plain file name of at most 255 characters, got {shown(name)}"
        raise invalid_request([FieldError(f"$.{FILE}", message, remedy)]) from error
    return name


def _value(name: str, text: str) -> Any:
    """What ``text`` would be in a JSON body."""
    if name in _NOT_TEXTS:
        try:
            return msgspec.json.decode(text, type=_NOT_TEXTS[name])
        except msgspec.DecodeError:
            pass  # a word; or it is refused as one
    return text


def _input_members(text: str | None) -> dict[str, msgspec.Raw]:
    if text is None:
        return {}
    remedy = "send a JSON object of the input's other fields, or leave this part out"
    try:
        return decode_object(text.encode())
    except Problem as problem:
        (error,) = problem.errors
        field = "$.input" + error.field.removeprefix("$")
        if problem.status_code == HTTPStatus.BAD_REQUEST:
            message = error.message if text.strip() else "the text is empty"
            raise malformed(field, message, remedy) from problem
        if field == "$.input":
            error = msgspec.structs.replace(error, remedy=remedy)
        raise invalid_request([msgspec.structs.replace(error, field=field)]) from problem
