"""The data folder of a machine that has no services of its own."""

from pathlib import Path

from penstock.declarations import PenstockError


class DataDirError(PenstockError):
    """The data folder cannot be used."""


def prepare(data_dir: Path) -> None:
    """Create the folder for this user alone, and keep it out of git; harmless if it is there.

    Raises:
        DataDirError: if it cannot be created or written to.
    """
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = data_dir / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="ascii")
    except OSError as error:
        raise DataDirError(
            f"expected the data folder {data_dir} to be a folder that can be written to: {error}; "
            "set PENSTOCK_DATA_DIR to another one"
        ) from error
