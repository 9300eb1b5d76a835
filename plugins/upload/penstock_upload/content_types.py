"""Whether what a sender declares is what a decoder found."""

_UNKNOWN = {"", "application/octet-stream", "binary/octet-stream"}

# Names that mean the same to whoever declares them: aliases, and containers that only a look
# inside tells apart.
_SAME = (
    {"image/jpeg", "image/jpg", "image/pjpeg"},
    {"image/png", "image/x-png", "image/apng"},
    {"image/bmp", "image/x-bmp", "image/x-ms-bmp"},
    {"image/tiff", "image/tif"},
    {"application/pdf", "application/x-pdf"},
    {"audio/mpeg", "audio/mp3", "audio/x-mp3", "audio/mpeg3", "audio/x-mpeg"},
    {"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"},
    {"audio/flac", "audio/x-flac"},
    {"audio/ogg", "video/ogg", "application/ogg", "audio/opus", "audio/vorbis"},
    {"video/x-msvideo", "video/avi", "video/msvideo", "video/vnd.avi"},
    {"video/webm", "audio/webm", "video/x-matroska", "audio/x-matroska", "video/matroska"},
    {
        "video/mp4",
        "video/quicktime",
        "video/x-m4v",
        "video/3gpp",
        "audio/mp4",
        "audio/m4a",
        "audio/x-m4a",
    },
)

_TEXTS = {
    "application/csv",
    "application/ecmascript",
    "application/javascript",
    "application/json",
    "application/sql",
    "application/toml",
    "application/x-javascript",
    "application/x-ndjson",
    "application/x-sh",
    "application/x-yaml",
    "application/xml",
    "application/yaml",
}


def agree(declared: str, confirmed: str) -> bool:
    """Whether ``declared``, a media type with or without parameters, may stand for ``confirmed``.

    A declaration that says nothing agrees with everything, and any text type with any text.
    """
    name = declared.partition(";")[0].strip().lower()
    if name in _UNKNOWN or name == confirmed:
        return True
    if is_text(confirmed):
        return is_text(name)
    return any(name in same and confirmed in same for same in _SAME)


def is_text(name: str) -> bool:
    """Whether a media type names some kind of text."""
    return name.startswith("text/") or name in _TEXTS or name.endswith(("+json", "+xml"))
