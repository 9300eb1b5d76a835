"""The task type ``upload.process``: what a file really is."""

import hashlib
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from penstock import Artifact, PermanentError, SyncContext, TransientError, task
from penstock_upload import content_types
from penstock_upload.description import PdfDetails, Upload
from penstock_upload.file_name import beside, check_plain
from penstock_upload.finding import Finding
from penstock_upload.inspection import inspect_file
from penstock_upload.queues import UPLOAD
from penstock_upload.request import UploadInput
from penstock_upload.settings import UploadSettings

_SUN = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAACAAAAAgBAMAAACBVGfHAAAAGFBMVEX+1TX60jzex1VOj9VGjN1GjNxGjNs/ieMn"
    "6bZxAAAA3UlEQVR42qWRMWsCQRCF35yW4u3AdSmusDSChvTC1SmTf5l/IATSy3F/IOqBYCWzd1pckbgpZgdzYBW3"
    "m4/3eG9m6Q39l+DfgFwf8GXLfwGztKxkCADEK2mOr8Gbglfl7vL1zmah0YYd8ebTRcAfDQC4NZtFNDOUCmhUa+L4"
    "5FQRrGVMCZW1/a6BBEjFavv57eWahbep0hRzhCyPTU0Qm4Z9rnP7E5u6eAoqvAIpBADkWaIinJ8EkMnSAxhMAXTz"
    "Dt1DlnYGQI8HfpHrCeEpm0nurwCStyowALnjb38BPOFC5qtUknEAAAAASUVORK5CYII="
)
"""A PNG image of 32 x 32 pixels: a yellow disc before a blue sky."""


@dataclass(frozen=True, kw_only=True)
class _Received:
    """A file as it came; ``artifact`` if it is stored already."""

    name: str
    declared_type: str
    size: int
    sha256: str
    artifact: Artifact | None


@task(
    "upload.process",
    queue=UPLOAD,
    timeout=timedelta(minutes=5),
    upload="file",
    examples=[
        UploadInput(content=_SUN, name="sun.png", content_type="image/png"),
        UploadInput(
            content=b"city,people\nTallinn,461000\nTartu,97000\n",
            name="cities.csv",
            content_type="text/csv",
        ),
    ],
)
def process(request: UploadInput, ctx: SyncContext) -> Upload:
    """Find out what a file really is, whatever its name and its sender say.

    Its first bytes choose a decoder, which then reads the file: an image in full, a video or a
    sound at its start and its end, a PDF page by page, a text in full. Images, videos and PDFs get
    a thumbnail without metadata, and the text of a PDF is stored as a file.

    Raises:
        PermanentError: ``empty_file``, ``invalid_name``, ``unsupported_type``,
            ``content_type_mismatch`` if it is not what its sender declared, ``file_damaged`` if it
            is cut or broken, ``password_protected``, ``image_too_large``, ``too_many_frames``,
            ``video_too_large``.
        TransientError: ``checksum_mismatch`` if the storage gave other bytes than it got.
    """
    settings = ctx.settings(UploadSettings)
    with TemporaryDirectory(prefix="penstock-upload-") as folder:
        path = Path(folder) / "file"
        ctx.progress(5, "receiving the file")
        received = _receive(request, ctx, path)
        if not received.size:
            message = (
                f"expected {received.name!r} to have at least one byte, got none; "
                "send a file that is not empty"
            )
            raise PermanentError(message, code="empty_file")
        ctx.progress(30, "decoding the file")
        found = inspect_file(path, received.size, settings)
        _check_declared_type(received, found)
        ctx.progress(90, "storing what was made")
        return _store(received, found, ctx, path)


def _receive(request: UploadInput, ctx: SyncContext, path: Path) -> _Received:
    """Copy the file to ``path``, a chunk at a time."""
    if request.file is None:
        name = request.name or ""
        check_plain(name)
        size, sha256 = _write([request.content or b""], path)
        return _Received(
            name=name,
            declared_type=request.content_type or "",
            size=size,
            sha256=sha256,
            artifact=None,
        )
    reader = ctx.artifacts.open(request.file)
    size, sha256 = _write(reader, path)
    stored = reader.artifact
    if sha256 != stored.sha256:
        message = (
            f"expected the bytes of file {stored.id} to have the SHA-256 {stored.sha256}, got "
            f"{sha256}; the storage lost or changed some, so upload it again"
        )
        raise TransientError(message, code="checksum_mismatch")
    return _Received(
        name=stored.name,
        declared_type=stored.content_type,
        size=size,
        sha256=sha256,
        artifact=stored,
    )


def _write(chunks: Iterable[bytes], path: Path) -> tuple[int, str]:
    """Returns the size and the SHA-256 of what was written."""
    digest = hashlib.sha256()
    size = 0
    with path.open("wb") as file:
        for chunk in chunks:
            digest.update(chunk)
            file.write(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def _check_declared_type(received: _Received, found: Finding) -> None:
    if not content_types.agree(received.declared_type, found.content_type):
        message = (
            f"expected {received.name!r} to be {received.declared_type}, as its sender says, got "
            f"{found.content_type}; rename it, or send it with its right type, or with none"
        )
        raise PermanentError(message, code="content_type_mismatch")


def _store(received: _Received, found: Finding, ctx: SyncContext, path: Path) -> Upload:
    file = received.artifact or ctx.artifacts.put(
        received.name, path, content_type=found.content_type
    )
    thumbnail = None
    if found.thumbnail:
        thumbnail = ctx.artifacts.put(
            beside(received.name, f"-thumbnail.{found.thumbnail.extension}"),
            found.thumbnail.data,
            content_type=found.thumbnail.content_type,
        )
    details = found.details
    if found.text and isinstance(details, PdfDetails):
        text = ctx.artifacts.put(
            beside(received.name, ".txt"), found.text, content_type="text/plain"
        )
        details = msgspec.structs.replace(details, text=text)
    return Upload(
        kind=found.kind,
        content_type=found.content_type,
        extension=found.extension,
        name=received.name,
        size=received.size,
        sha256=received.sha256,
        file=file,
        thumbnail=thumbnail,
        details=details,
    )
