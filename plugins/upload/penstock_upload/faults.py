"""The ways in which a file fails, each with its code."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from penstock import PermanentError, TaskError

SUPPORTED = (
    "images (PNG, JPEG, WebP, GIF, AVIF, BMP, TIFF), video and sound (MP4, MOV, WebM, MKV, AVI, "
    "MP3, WAV, OGG, FLAC), PDF, and text in UTF-8"
)

_MAX_REASON = 200


def damaged(what: str, reason: str) -> PermanentError:
    """The file starts like ``what``, but is not a whole one."""
    message = (
        f"expected a complete {what}, got one that its decoder refuses: {reason[:_MAX_REASON]}; "
        "send it again, or repair it first"
    )
    return PermanentError(message, code="file_damaged")


def unsupported(found: str) -> PermanentError:
    """There is no decoder for it."""
    message = f"expected a file of a supported type, got {found}; supported are {SUPPORTED}"
    return PermanentError(message, code="unsupported_type")


@contextmanager
def decoding(what: str) -> Iterator[None]:
    """Turn whatever a decoder raises over hostile bytes into ``file_damaged``.

    Errors of this machine (no memory, a disk that cannot be read) stay what they are, so that the
    task is tried again.

    Raises:
        PermanentError: ``file_damaged``.
    """
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error, TaskError) or _is_of_this_machine(error):
            raise
        raise damaged(what, str(error) or type(error).__name__) from error


def _is_of_this_machine(error: Exception) -> bool:
    # EINVAL comes from seeking to a place that no file has, because the bytes said so.
    return isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}
