"""Adding a file of tasks to a batch, part by part, and how to go on if that was cut short."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

import click

from penstock.cli import batch_file
from penstock.cli.batch_answers import Batch
from penstock.cli.batch_file import TaskLine
from penstock.cli.client import ApiClient, ApiProblemError, ApiUnreachableError
from penstock.cli.messages import say
from penstock.declarations import PenstockError

# The API takes 255 characters: the others are for the number of a part.
_LONGEST_KEY = 250


def keys(key: str | None, *, parts: int) -> Sequence[str | None]:
    """The idempotency keys of the parts of a file, of which the whole has this one, if any.

    Raises:
        click.UsageError: it leaves no room for the numbers of parts.
    """
    if key is None:
        return [None] * parts
    if parts > 1 and len(key) > _LONGEST_KEY:
        raise click.UsageError(
            f"this file is sent in {parts} parts, each with a key of its own: expected an"
            f" --idempotency-key of at most {_LONGEST_KEY} characters, got {len(key)}"
        )
    return [key, *(f"{key}#{number}" for number in range(2, parts + 1))]


def add(
    client: ApiClient,
    batch_id: UUID,
    parts: Sequence[Sequence[TaskLine]],
    *,
    keys: Sequence[str | None],
    seal: bool,
    behind: int = 0,
    total: int | None = None,
) -> Batch:
    """Add portions of a file, one after the other.

    Args:
        client: the API.
        batch_id: which batch.
        parts: at least one.
        keys: the idempotency key of each part.
        seal: whether these are the last ones.
        behind: the line up to which tasks were accepted already, if any were.
        total: how many tasks the batch has, if that is known.

    Raises:
        PenstockError: one was not accepted, or no answer came; the message says how to add what is
            missing, and nothing twice.
    """
    for place, (part, key) in enumerate(zip(parts, keys, strict=True), start=1):
        is_last = place == len(parts)
        step = _Step(batch_id, part, behind, total, key=key, seal=seal, is_last=is_last)
        with _explained(step):
            found = client.add_to_batch(batch_id, [line.text for line in part], key=key)
        behind, total = step.end, found.total
    if not seal:
        return found
    with _explained(_Step(batch_id, (), behind, total, key=keys[0], seal=True, is_last=True)):
        return client.seal_batch(batch_id)


@dataclass(frozen=True)
class _Step:
    """A part that is sent to a batch, or none if it is sealed, behind that line of the file."""

    batch_id: UUID
    part: Sequence[TaskLine]
    behind: int
    total: int | None
    key: str | None
    seal: bool
    is_last: bool

    @property
    def end(self) -> int:
        return self.part[-1].number if self.part else self.behind

    def advice(self, *, in_doubt: bool) -> Iterator[str]:
        """How to go on if it failed; ``in_doubt`` if it may be done all the same."""
        if self.behind:
            yield f"batch {self.batch_id} has the tasks up to line {self.behind}, which run"
        if self.key is not None and (in_doubt or not self.part):
            yield "repeat the command with the same FILE and key: nothing is added twice"
        elif not self.part:
            if self.seal:
                yield f"seal it: {self._sealing}"
        elif in_doubt:
            yield from self._doubts()
        elif self.behind and self.key is not None:
            yield (
                f"then repeat the command with the same key, and the lines up to {self.behind} as "
                "they are: nothing is added twice"
            )
        elif self.behind:
            yield f"add the others: {self._adding(self.behind)}"
            if self.seal:
                yield f"or do without: {self._sealing}"

    def _doubts(self) -> Iterator[str]:
        yield (
            f"lines {self.part[0].number} to {self.end} are in doubt, see its total: "
            f"penstock batch show {self.batch_id}"
        )
        without, with_them = "if it lacks them", "if it has them"
        if self.total is not None:
            without += f" (a total of {self.total})"
            with_them += f" (a total of {self.total + len(self.part)})"
        yield f"{without}: {self._adding(self.behind)}"
        if not self.is_last:
            yield f"{with_them}: {self._adding(self.end)}"
        elif self.seal:
            yield f"{with_them}: {self._sealing}"

    @property
    def _sealing(self) -> str:
        return f"penstock batch seal {self.batch_id}"

    def _adding(self, behind: int) -> str:
        """What adds the lines behind that one."""
        seal = " --seal" if self.seal else ""
        return f"tail -n +{behind + 1} FILE | penstock batch add {self.batch_id} -{seal}"


@contextmanager
def _explained(step: _Step) -> Iterator[None]:
    try:
        yield
    except (ApiProblemError, ApiUnreachableError) as error:
        message = batch_file.by_lines(str(error), step.part)
        advice = step.advice(in_doubt=not _is_refusal(error))
        raise PenstockError("\n  ".join([message, *advice])) from error
    except KeyboardInterrupt:
        for line in step.advice(in_doubt=True):
            say(line)
        raise


def _is_refusal(error: PenstockError) -> bool:
    """Whether the API said that nothing was done; a server error may come behind a commit."""
    return (
        isinstance(error, ApiProblemError)
        and HTTPStatus.BAD_REQUEST <= error.status < HTTPStatus.INTERNAL_SERVER_ERROR
    )
