"""Text in results: they stay small, so a long text goes to a file."""

MAX_INLINE_BYTES = 100_000


def storable(text: str) -> str:
    """The text with U+FFFD for what a database cannot hold: NUL and lone surrogates."""
    return (
        text.replace("\x00", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )


def inline(text: str) -> str | None:
    """The text if a result may hold it, else ``None``."""
    return text if len(text.encode()) <= MAX_INLINE_BYTES else None
