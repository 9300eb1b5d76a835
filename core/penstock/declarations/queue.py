"""A queue: an ordered line of tasks with limits of its own."""

from dataclasses import KW_ONLY, dataclass, field

from penstock.declarations import checks
from penstock.declarations.errors import DeclarationError
from penstock.declarations.rate_limit import RateLimit
from penstock.declarations.retry_policy import RetryPolicy

_RESERVED = {"status", "tasks"}


@dataclass(frozen=True)
class Queue:
    """A line of tasks that share limits.

    Attributes:
        name: lower-case, unique among all installed plugins; not ``status`` or ``tasks``.
        concurrency: how many tasks one worker process runs at once.
        global_concurrency: how many run at once across all workers; ``None`` is no limit.
        rate_limit: how often tasks start across all workers; ``None`` is no limit.
        retry: the policy of task types that have none of their own.
    """

    name: str
    _: KW_ONLY
    concurrency: int = 5
    global_concurrency: int | None = None
    rate_limit: RateLimit | None = None
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    def __post_init__(self) -> None:
        checks.name(self.name, of="queue")
        if self.name in _RESERVED:
            message = (
                f"expected the name of a queue not to be {self.name!r}: /api/queues/{self.name} is "
                "a path of the API with a meaning of its own; name the queue after what it does"
            )
            raise DeclarationError(message)
        checks.at_least_one(self.concurrency, of=f"concurrency of queue {self.name!r}")
        if self.global_concurrency is not None:
            checks.at_least_one(
                self.global_concurrency, of=f"global_concurrency of queue {self.name!r}"
            )
        checks.instance(self.rate_limit, RateLimit | None, of=f"rate_limit of queue {self.name!r}")
        checks.instance(self.retry, RetryPolicy, of=f"retry of queue {self.name!r}")
