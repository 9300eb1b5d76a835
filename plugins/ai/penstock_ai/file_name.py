"""A file name that is safe everywhere, made from a title."""

import re
import unicodedata

_MAX_STEM = 60


def file_name(title: str, extension: str, *, default: str = "document") -> str:
    """Lower-case ASCII words joined by hyphens; ``default`` if the title has none.

    >>> file_name("Überblick: Q3/2026", "pdf")
    'uberblick-q3-2026.pdf'
    """
    ascii_only = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    stem = "-".join(re.findall(r"[a-z0-9]+", ascii_only))[:_MAX_STEM].strip("-")
    return f"{stem or default}.{extension}"
