"""Names that a file may have."""

from penstock import PermanentError

_MAX_LENGTH = 255
_MAX_STEM = 200


def check_plain(name: str) -> None:
    """Refuse a name that could lead out of a folder, or that does not fit into one.

    Raises:
        PermanentError: ``invalid_name``.
    """
    is_plain = name not in {"", ".", ".."} and all(
        each not in "/\\" and each.isprintable() for each in name
    )
    if not is_plain or len(name) > _MAX_LENGTH:
        message = (
            f"expected 'name' to be a plain file name of 1 to {_MAX_LENGTH} characters, without "
            f"folders, got {name!r}; send the name alone"
        )
        raise PermanentError(message, code="invalid_name")


def beside(name: str, ending: str) -> str:
    """The name of a file that is made from another one.

    >>> beside("holiday.png", "-thumbnail.jpg")
    'holiday-thumbnail.jpg'
    """
    stem = name.rpartition(".")[0] or name
    return f"{stem[:_MAX_STEM]}{ending}"
