"""What speaks to a provider's models: the part that the author of a provider writes."""

from typing import Self

from penstock import TaskError
from penstock_ai.providers.messages import Completion, OnText, Picture, PicturePrompt, Prompt


class ModelClient:
    """A provider's models, reached for one task; a subclass answers prompts.

    A call makes at most one paid request: the queue owns retries, so those of an SDK are turned
    off. ``prompt.model`` is never ``None`` here. A call that takes longer than the provider's
    time-out is cancelled, and so is one whose task is: let ``CancelledError`` pass, and close the
    connection by it.

    Whatever goes wrong becomes one of ``penstock``'s errors, which say what shall happen next.
    Raise them, or raise what the SDK raises and translate it in :meth:`task_error`:

    =========================  =================================================================
    ``RateLimitedError``       the provider named a time to come back at: until then nobody asks
                               it, and no attempt is spent
    ``TransientError``         ``rate_limited``, ``provider_unavailable``, ``provider_timeout``,
                               ``incomplete_output``: try again by the task's policy
    ``PermanentError``         ``capability_unavailable``, ``content_policy``, ``billing``,
                               ``provider_refused``: trying again cannot help;
                               ``outcome_unknown``: a paid request whose answer was lost, which
                               is never sent again by itself
    =========================  =================================================================

    Attributes:
        label: for people: what answers; that of the provider if ``None``.
    """

    label: str | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close what was opened."""

    async def complete(self, prompt: Prompt, on_text: OnText) -> Completion:
        """Have a text written; a provider that names a ``text_model`` has this.

        Args:
            prompt: what to write.
            on_text: awaited with all the text so far, each time that more of it has arrived, so
                that it is seen live, and kept if the rest does not come.

        Raises:
            TaskError: see the class. A text that stopped in the middle needs no error of its own:
                a passing one after the first ``on_text`` becomes ``incomplete_output``.
        """
        raise NotImplementedError

    async def draw(self, prompt: PicturePrompt) -> Picture:
        """Have an image drawn; a provider that names an ``image_model`` has this.

        Raises:
            TaskError: see the class. A picture is paid for once it is asked for, so whatever goes
                wrong after the request has left, and before an answer, is ``outcome_unknown``.
        """
        raise NotImplementedError

    def task_error(self, error: Exception) -> TaskError | None:  # noqa: ARG002 - for subclasses
        """What ``error``, which a call raised, means for the task.

        ``None`` if it is no failure of the provider's: then it is raised as it is. What is raised
        here goes further without ``error``, which may hold the request and its key.
        :func:`~penstock_ai.providers.failures.http_failure` knows what a status code means.
        """
        return None
