"""What a card shows."""

from typing import Annotated, Literal

import msgspec

Colour = Annotated[
    str,
    msgspec.Meta(
        pattern="^#[0-9a-fA-F]{6}$", description="Like `#1a2b3c`; the theme's if not set."
    ),
]


MAX_LINES = 20


class Card(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A title on a coloured ground, with as much below it as there is to say.

    Raises:
        ValueError: if the body has more than 20 lines. Decoding turns it into a
            ``msgspec.ValidationError``.
    """

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=160)]
    subtitle: Annotated[str, msgspec.Meta(max_length=240)] = ""
    body: Annotated[
        str, msgspec.Meta(max_length=800, description="Plain text; line ends are kept.")
    ] = ""
    theme: Literal["light", "dark", "vivid"] = "light"
    background: Colour | None = None
    text_colour: Annotated[
        Colour | None,
        msgspec.Meta(description="Black or white, by the background, if only that is set."),
    ] = None
    accent: Colour | None = None

    def __post_init__(self) -> None:
        """Check what a type cannot say."""
        lines = self.body.count("\n") + 1
        if lines > MAX_LINES:
            message = (
                f"expected the body of a card to have at most {MAX_LINES} lines, got {lines}; "
                "join some of them"
            )
            raise ValueError(message)
