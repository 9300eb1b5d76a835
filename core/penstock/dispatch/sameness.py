"""What makes two submissions the same: hashes, in hexadecimal.

Ids that are made for a request do not count. A file counts by what is in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from penstock.declarations import TaskType
from penstock.dispatch.batch_submission import BatchSubmission
from penstock.dispatch.submission import Submission
from penstock.ledger import StoredArtifact

# Everything else that a submission says is what is asked for.
_NOT_ASKED_FOR = {"id", "input", "files", "principal", "idempotency_key"}


def fingerprint(submission: Submission) -> str:
    """Of all that is asked for, the input as it is written: a repeated request is the very same."""
    text = submission.input
    terms = {
        name: getattr(submission, name)
        for name in Submission.__struct_fields__
        if name not in _NOT_ASKED_FOR
    }
    files = [(each.name, each.content_type, each.sha256) for each in submission.files]
    return _hash(
        msgspec.json.encode((terms, files), order="sorted"),
        _without_ids(text if isinstance(text, bytes) else text.encode(), submission.files),
    )


def fingerprint_of_all(submissions: Iterable[Submission]) -> str:
    """Of a request for many tasks."""
    return _hash(*(fingerprint(each).encode() for each in submissions))


def fingerprint_of_batch(batch: BatchSubmission) -> str:
    """Of a request for a batch."""
    callback = batch.callback
    terms = (
        batch.name,
        batch.user_id,
        batch.sealed,
        None if callback is None else (callback.type, callback.priority, callback.input is None),
    )
    text = b"" if callback is None or callback.input is None else callback.input
    return _hash(
        msgspec.json.encode(terms),
        text if isinstance(text, bytes) else text.encode(),
        fingerprint_of_all(batch.tasks).encode(),
    )


def fingerprint_of_part(batch_id: UUID, submissions: Iterable[Submission]) -> str:
    """Of a request to add to a batch."""
    return _hash(batch_id.bytes, fingerprint_of_all(submissions).encode())


def unique_key(
    task_type: TaskType[Any, Any], user_id: str | None, value: Any, files: Iterable[StoredArtifact]
) -> str:
    """Of type, user and input.

    ``value`` is the input as its type takes it: defaults are filled in, and the order of members
    makes no difference.
    """
    text = task_type.input.canonical(value)
    return _hash(msgspec.json.encode((task_type.name, user_id)), _without_ids(text, files))


def _without_ids(text: bytes, files: Iterable[StoredArtifact]) -> bytes:
    for each in files:
        text = text.replace(str(each.id).encode(), each.sha256.encode())
    return text


def _hash(*parts: bytes) -> str:
    digest = sha256()
    for each in parts:
        digest.update(len(each).to_bytes(8, "big") + each)
    return digest.hexdigest()
