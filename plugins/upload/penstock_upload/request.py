"""The input of ``upload.process``."""

from typing import Annotated
from uuid import UUID

import msgspec

FileId = Annotated[
    UUID,
    msgspec.Meta(description="The id of a stored file; `POST /api/uploads` sets it."),
]
Content = Annotated[
    bytes,
    msgspec.Meta(
        max_length=700_000,
        description="A small file itself, in Base64; a larger one goes to `POST /api/uploads`.",
    ),
]
Name = Annotated[
    str,
    msgspec.Meta(max_length=255, description="The file's name, with `content` only."),
]
ContentType = Annotated[
    str,
    msgspec.Meta(
        max_length=255,
        description="What its sender thinks that `content` is. It is checked, not believed; "
        "leave it out if unknown.",
    ),
]


class UploadInput(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which file to look at: exactly one of ``file`` and ``content``.

    Raises:
        ValueError: if both or neither are given, if ``content`` comes without a ``name``, or if
            ``file`` comes with a ``name`` or a ``content_type``. Decoding turns it into a
            ``msgspec.ValidationError``.
    """

    file: FileId | None = None
    content: Content | None = None
    name: Name | None = None
    content_type: ContentType | None = None

    def __post_init__(self) -> None:
        """Check what a type cannot say."""
        if (self.file is None) == (self.content is None):
            got = "neither" if self.file is None else "both"
            message = (
                f"expected exactly one of 'file' and 'content', got {got}; send the id of a "
                "stored file as 'file', or a small file itself as 'content' with its 'name'"
            )
            raise ValueError(message)
        if self.content is not None and self.name is None:
            message = "expected 'content' to come with a 'name', got none; name the file"
            raise ValueError(message)
        if self.file is not None and (self.name, self.content_type) != (None, None):
            message = (
                "expected 'name' and 'content_type' only together with 'content', got them with "
                "'file'; leave them out, a stored file has its own"
            )
            raise ValueError(message)
