"""The API key of a machine on which nobody set one."""

import contextlib
import os
import secrets
from pathlib import Path

from penstock.declarations import PenstockError

FILE_NAME = "api-key"


class DevelopmentKeyError(PenstockError):
    """The file with the development key cannot be used."""


def find(data_dir: Path) -> str | None:
    """The key, if one was made.

    Raises:
        DevelopmentKeyError: if there is a file, but no key that could be read from it.
    """
    file = data_dir / FILE_NAME
    try:
        key = file.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DevelopmentKeyError(
            f"cannot read the development key in {file}: {error}; set PENSTOCK_API_KEY instead"
        ) from error
    if not key:
        raise DevelopmentKeyError(f"there is no key in {file}; delete the file to get a new one")
    return key


def ensure(data_dir: Path) -> str:
    """The key; made now, readable for this user alone, if there is none yet.

    Raises:
        DevelopmentKeyError: if the file is there, but no key could be read from it.
    """
    if key := find(data_dir):
        return key
    key = secrets.token_urlsafe(32)
    # Written beside and then linked into place: nobody ever reads half of a key, and unlike a
    # rename, a link does not replace the key of another process that was faster.
    draft = data_dir / f".{FILE_NAME}.{os.getpid()}"
    draft.touch(mode=0o600)
    draft.write_text(f"{key}\n", encoding="ascii")
    with contextlib.suppress(FileExistsError):
        (data_dir / FILE_NAME).hardlink_to(draft)
    draft.unlink()
    return find(data_dir) or key
