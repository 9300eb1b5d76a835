"""The router: one call for every kind of AI task, from application code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from penstock_ai.near_names import did_you_mean

if TYPE_CHECKING:
    from penstock import Client, Priority, TaskHandle

TYPES = ("text", "image", "document", "code")


class AiRouter:
    """Turns requests into tasks of this plugin.

    Args:
        client: through which they are submitted.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    async def route_task(
        self,
        user_id: str | None,
        request: Mapping[str, Any],
        priority: Priority | str | int = "normal",
    ) -> TaskHandle[Any]:
        """Accept a task; on return its row is in the ledger, and it will run.

        ::

            task = await router.route_task(
                user_id, {"prompt": "Generate an image of a cat", "type": "image"}, "normal"
            )

        Args:
            user_id: for whom it is done.
            request: its ``type`` (``text``, ``image``, ``document`` or ``code``), and beside it
                the fields of that task type's input.
            priority: ``urgent``, ``high``, ``normal`` or ``low``, or its number.

        Raises:
            ValueError: no such type, an unknown priority, or fields that do not fit.
            PenstockError: the database is away.
        """
        kind = request.get("type")
        if kind not in TYPES:
            hint = did_you_mean(str(kind), TYPES, before="; ")
            message = (
                f"expected request['type'] to be one of {', '.join(TYPES)}, got {kind!r}{hint}"
            )
            raise ValueError(message)
        task_input = {name: value for name, value in request.items() if name != "type"}
        return await self._client.submit(
            f"ai.{kind}", task_input, user_id=user_id, priority=priority
        )


def get_ai_router(client: Client | None = None) -> AiRouter:
    """A router over ``client``.

    Without one, each call opens connections of its own and closes them. A service opens one
    :class:`penstock.Client` for its life, and hands it over.
    """
    if client is None:
        from penstock import Client

        client = Client()
    return AiRouter(client)
