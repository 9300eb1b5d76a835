"""What an operator can set."""

from typing import Annotated

import msgspec

ApiKey = Annotated[
    str | None, msgspec.Meta(description="The key of the API.", extra={"secret": True})
]


class SeedlingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Field ``api_key`` is read from ``PENSTOCK_SEEDLING_API_KEY``."""

    api_key: ApiKey = None
    base_url: Annotated[str, msgspec.Meta(description="Where the API is.")] = (
        "https://api.example.com"
    )
    text_model: Annotated[str | None, msgspec.Meta(description="The model for texts.")] = None

    def __repr__(self) -> str:
        name = type(self).__name__
        return f"{name}(base_url={self.base_url!r}, text_model={self.text_model!r})"
