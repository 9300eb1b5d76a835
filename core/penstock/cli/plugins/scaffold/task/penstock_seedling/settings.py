"""What an operator can set."""

from typing import Annotated

import msgspec


class SeedlingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Field ``most_texts`` is read from ``PENSTOCK_SEEDLING_MOST_TEXTS``."""

    most_texts: Annotated[
        int, msgspec.Meta(ge=1, description="How many texts one task may have.")
    ] = 1000
