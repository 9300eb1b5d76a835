"""A queue: an ordered line of tasks with limits of its own."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field

from penstock.declarations import checks
from penstock.declarations.errors import DeclarationError
from penstock.declarations.rate_limit import RateLimit
from penstock.declarations.retry_policy import RetryPolicy

_RESERVED = {"status", "tasks"}


@dataclass(frozen=True)
class Queue:
    """A line of tasks that share limits.

    Within a priority the users whose tasks wait take turns, however many tasks each of them has.
    Tasks without a user have no limits of a user, and take turns as if they were those of one.

    Attributes:
        name: lower-case, unique among all installed plugins; not ``status`` or ``tasks``.
        concurrency: how many tasks one worker process runs at once.
        global_concurrency: how many run at once across all workers; ``None`` is no limit.
        rate_limit: how often tasks start across all workers; ``None`` is no limit.
        max_waiting: how many tasks may wait, be delayed or parked; a submit beyond it is refused.
            ``None`` is no limit.
        user_max_waiting: the same for each user's own; tasks without a user have no such limit.
        user_concurrency: how many tasks of one user run at once across all workers; ``None`` is no
            limit.
        user_rate_limit: how often tasks of one user start across all workers; ``None`` is no limit.
        user_weights: how large a user's share is, from 0.01 to 100; 1 for whoever is not named. A
            user of weight 2 has two turns where others have one. For a few hundred users at most.
        retry: the policy of task types that have none of their own.
    """

    name: str
    _: KW_ONLY
    concurrency: int = 5
    global_concurrency: int | None = None
    rate_limit: RateLimit | None = None
    max_waiting: int | None = None
    user_max_waiting: int | None = None
    user_concurrency: int | None = None
    user_rate_limit: RateLimit | None = None
    user_weights: Mapping[str, float] = field(default_factory=dict, hash=False)
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
        for limit in ("global_concurrency", "max_waiting", "user_max_waiting", "user_concurrency"):
            if (value := getattr(self, limit)) is not None:
                checks.at_least_one(value, of=f"{limit} of queue {self.name!r}")
        for limit in ("rate_limit", "user_rate_limit"):
            value = getattr(self, limit)
            checks.instance(value, RateLimit | None, of=f"{limit} of queue {self.name!r}")
        checks.weights(self.user_weights, of=f"user_weights of queue {self.name!r}")
        checks.instance(self.retry, RetryPolicy, of=f"retry of queue {self.name!r}")
