"""How other processes of this machine find the embedded server: its address, in the data folder."""

from pathlib import Path

_FILE_NAME = "redis-url"


def write(data_dir: Path, url: str) -> None:
    """Say where the server of this folder listens."""
    (data_dir / _FILE_NAME).write_text(f"{url}\n", encoding="utf-8")


def remove(data_dir: Path) -> None:
    """Say that it listens no longer."""
    (data_dir / _FILE_NAME).unlink(missing_ok=True)


def find(data_dir: Path) -> str | None:
    """Where the server of this folder listens, if one was started and not stopped.

    A server that was killed leaves its address behind: whoever connects finds nobody there.
    """
    try:
        return (data_dir / _FILE_NAME).read_text(encoding="utf-8").strip() or None
    except OSError:
        return None
