"""It raises what few people catch."""

import asyncio

raise asyncio.CancelledError("enough")
