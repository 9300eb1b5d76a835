"""What can be asked for on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence

import msgspec


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of one run."""

    peers: tuple[str, ...] = ()
    """Folders of ``benchmarks/peers``; none are all that are measured by default."""
    tasks: int = 10_000
    """Tasks that are enqueued and drained in each round."""
    rounds: int = 5
    concurrency: int = 100
    """Tasks that one worker process runs at once."""
    callers: int = 64
    """Concurrent callers, each of which waits for its task to be accepted before the next one."""
    workers: tuple[int, ...] = (1,)
    """Worker processes; a backlog is drained once by each number of them."""
    backlogs: tuple[int, ...] = ()
    """More backlogs that are enqueued, and drained as far as ``tasks``."""
    backlogs_of: tuple[str, ...] = ()
    """The peers that are measured with these numbers of workers and backlogs; none are all."""
    pickups: int = 100
    """Tasks that are submitted one by one to an idle worker, in each round."""
    log_level: str = "info"
    """Of the workers that heed it. At info, `penstock worker` writes two lines per task."""
    json: str | None = None
    """A file for the results."""
    publish: bool = False
    """Write docs/benchmarks.md, with its plots and the results beside it."""
    profile: str | None = None
    """A folder for profiles of the peers that make them; they are much slower then."""

    @property
    def warm_up(self) -> int:
        """Tasks that come before the measured ones of each measurement."""
        return max(1, self.tasks // 10)

    def require_measured(self, peers: Collection[str]) -> None:
        """Raises :class:`ValueError` if a peer of ``backlogs_of`` is not among ``peers``."""
        for name in self.backlogs_of:
            if name not in peers:
                raise ValueError(
                    f"expected one of the measured peers after --backlogs-of"
                    f" ({', '.join(sorted(peers))}), got {name!r}"
                )

    def drains(self, peer: str) -> list[tuple[int, int]]:
        """The numbers of worker processes and the backlogs that a peer is measured with."""
        if self.backlogs_of and peer not in self.backlogs_of:
            return [(self.workers[0], self.tasks)]
        return [(n, backlog) for n in self.workers for backlog in (self.tasks, *self.backlogs)]


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; ends the program if it is not understood."""
    default = Options()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure Penstock beside its peers with tasks that do nothing, on own servers.",
    )

    def number(name: str, help: str) -> None:  # noqa: A002 - argparse's own name for it
        value = getattr(default, name)
        parser.add_argument(
            f"--{name}", type=_positive, default=value, help=f"{help} [default: {value}]"
        )

    parser.add_argument(
        "--peers", nargs="+", default=(), metavar="PEER", help="only these [default: all]"
    )
    number("tasks", "tasks per round")
    number("rounds", "repetitions; those of all peers are interleaved")
    number("concurrency", "tasks that a worker process runs at once")
    number("callers", "concurrent callers")
    number("pickups", "tasks for an idle worker per round")
    parser.add_argument(
        "--workers",
        nargs="+",
        type=_positive,
        default=default.workers,
        metavar="NUMBER",
        help="worker processes: 1 2 measures with one and with two [default: 1]",
    )
    parser.add_argument(
        "--backlogs",
        nargs="+",
        type=_positive,
        default=default.backlogs,
        metavar="TASKS",
        help="more backlogs: 1000 100000 1000000",
    )
    parser.add_argument(
        "--backlogs-of",
        nargs="+",
        default=(),
        metavar="PEER",
        help="more worker processes and backlogs for these only, as slow ones take hours for a"
        " million tasks [default: all]",
    )
    parser.add_argument(
        "--log-level",
        choices=("info", "warning"),
        default=default.log_level,
        help="of the workers that heed it; at info, Penstock writes two lines per task",
    )
    parser.add_argument("--json", metavar="FILE", help="write all figures there")
    parser.add_argument(
        "--publish", action="store_true", help="write docs/benchmarks.md, its plots and figures"
    )
    parser.add_argument(
        "--profile", metavar="FOLDER", help="write Penstock's cProfile statistics there (slow)"
    )
    return msgspec.convert(vars(parser.parse_args(arguments)), Options)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, got {number}")
    return number
