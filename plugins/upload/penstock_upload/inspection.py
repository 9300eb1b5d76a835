"""From a file to what it is: its first bytes choose the decoder, and the decoder decides."""

from pathlib import Path

from penstock_upload import faults
from penstock_upload.finding import Finding
from penstock_upload.magic import HEAD, recognise, stranger
from penstock_upload.settings import UploadSettings


def inspect_file(path: Path, size: int, settings: UploadSettings) -> Finding:
    """Have a file decoded.

    Raises:
        PermanentError: ``unsupported_type``, or what its decoder raises.
    """
    # Each decoder is imported only when a file needs it.
    with path.open("rb") as file:
        head = file.read(HEAD)
    signature = recognise(head)
    if signature is None:
        from penstock_upload.text import inspect_text

        found = inspect_text(path, size)
        if found is None:
            raise faults.unsupported(stranger(head))
        return found
    match signature.kind:
        case "image":
            from penstock_upload.images import inspect_image

            return inspect_image(path, size, signature, settings)
        case "media":
            from penstock_upload.media import inspect_media

            return inspect_media(path, size, signature, settings)
        case "pdf":
            from penstock_upload.pdf import inspect_pdf

            return inspect_pdf(path, size, signature, settings)
