"""The exceptions that a plugin author meets.

::

    PenstockError
    ├── DeclarationError        a declaration that cannot be right (also a ValueError)
    ├── SupersededError         this run is over: another one is under way, or it has ended
    └── TaskError               raised by a handler to say what shall happen next
        ├── PermanentError      do not try again
        ├── TransientError      try again, by the policy or after ``retry_after``
        ├── RateLimitedError    its provider wants a pause; spends no attempt
        └── Snooze              come back later; spends no attempt

Any other exception that a handler raises is recorded and retried by the task's policy.
"""

from datetime import timedelta


class PenstockError(Exception):
    """Base of every exception that Penstock raises on purpose."""


class DeclarationError(PenstockError, ValueError):
    """A declaration that cannot be honoured; raised when it is built, never later."""


class SupersededError(PenstockError):
    """A run that is not its task's present one any more tried to write something; nothing was.

    Its worker was thought dead and the task runs elsewhere, or the run has ended already. Whatever
    the handler does from here on counts for nothing, so it lets this pass.
    """


class TaskError(PenstockError):
    """Base of what a handler raises to steer its own task.

    ``code`` is a short, stable, machine-readable word that ends up in the task's ``error.code``.
    """

    default_code = "task_error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code or self.default_code


class PermanentError(TaskError):
    """Trying again cannot help: the task fails at once, whatever attempts are left."""

    default_code = "permanent_error"


class TransientError(TaskError):
    """Trying again may help: the policy decides how often, ``retry_after`` how soon (if given)."""

    default_code = "transient_error"

    def __init__(
        self, message: str, *, retry_after: timedelta | None = None, code: str | None = None
    ) -> None:
        super().__init__(message, code=code)
        if retry_after is not None:
            _check_duration(retry_after, of="TransientError.retry_after")
        self.retry_after = retry_after


class RateLimitedError(TaskError):
    """The provider wants a pause: run the task again after it, without spending an attempt.

    A task that has a provider closes it for everybody: no task that needs it starts until
    ``retry_after`` has passed. A task without one waits alone, like a :class:`Snooze`. Without
    ``retry_after`` (or with zero) the pause is a second, and twice as long each time that the next
    one follows soon after it, up to a minute.
    """

    default_code = "rate_limited"

    def __init__(
        self, message: str, *, retry_after: timedelta | None = None, code: str | None = None
    ) -> None:
        super().__init__(message, code=code)
        if retry_after is not None:
            _check_duration(retry_after, of="RateLimitedError.retry_after")
        self.retry_after = retry_after or None


class Snooze(TaskError):  # noqa: N818
    """Not an error: run the task again after ``delay``, without spending an attempt."""

    default_code = "snooze"

    def __init__(self, delay: timedelta, message: str = "snoozed by its handler") -> None:
        super().__init__(message)
        _check_duration(delay, of="Snooze.delay")
        self.delay = delay


def _check_duration(value: object, *, of: str) -> None:
    # Here, where the handler's author sees it, and not in the worker that adds it to a time.
    if not isinstance(value, timedelta) or value < timedelta(0):
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
        remedy = f"; write timedelta(seconds={value!r})" if is_number else ""
        message = f"expected {of} to be a timedelta of at least zero, got {value!r}{remedy}"
        raise DeclarationError(message)
