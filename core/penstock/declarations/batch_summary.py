"""What the callback of a batch is told of it."""

from uuid import UUID

import msgspec


class BatchSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A batch whose tasks have all ended; the input of its callback, unless another one was given.

    ``total`` is how many tasks were put into it, the others are how many of them ended so.
    """

    id: UUID
    name: str
    total: int
    success: int
    failed: int
    cancelled: int
