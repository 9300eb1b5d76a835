"""What an operator can set."""

from typing import Annotated

import msgspec
from penstock import Secret


class SeedlingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Field ``api_key`` is read from ``PENSTOCK_SEEDLING_API_KEY``."""

    api_key: Annotated[Secret | None, msgspec.Meta(description="The key of the API.")] = None
    base_url: Annotated[str, msgspec.Meta(description="Where the API is.")] = (
        "https://api.example.com"
    )
    text_model: Annotated[str | None, msgspec.Meta(description="The model for texts.")] = None
