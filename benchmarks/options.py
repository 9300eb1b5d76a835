"""What can be asked for on the command line."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Options:
    """The parameters of one run."""

    tasks: int = 10_000
    """Tasks that are enqueued and drained in each round."""
    rounds: int = 3
    concurrency: int = 100
    """Of the queue: tasks that the worker runs at once."""
    callers: int = 64
    """Concurrent callers, each of which waits for its task to be accepted before the next one."""
    database: str = "postgresql"
    pickups: int = 200
    """Tasks that are submitted one by one to an idle worker."""
    log_level: str = "info"
    """Of the worker. At info, the default of `penstock worker`, it writes two lines per task."""
    json: bool = False
    profile: Path | None = None
    """A folder for cProfile's statistics of both processes; they are much slower then."""


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; ends the program if it is not understood."""
    default = Options()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure Penstock with tasks that do nothing, on servers of its own.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--tasks", type=_positive, default=default.tasks, help="tasks per round")
    parser.add_argument("--rounds", type=_positive, default=default.rounds, help="repetitions")
    parser.add_argument(
        "--concurrency", type=_positive, default=default.concurrency, help="tasks at once"
    )
    parser.add_argument(
        "--callers", type=_positive, default=default.callers, help="concurrent callers"
    )
    parser.add_argument(
        "--database",
        choices=("postgresql", "sqlite"),
        default=default.database,
        help="where the ledger is; both wait for the disk",
    )
    parser.add_argument(
        "--pickups", type=_positive, default=default.pickups, help="tasks for an idle worker"
    )
    parser.add_argument(
        "--log-level",
        choices=("info", "warning"),
        default=default.log_level,
        help="of the worker; info writes two lines per task",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--profile",
        type=Path,
        metavar="FOLDER",
        default=default.profile,
        help="write cProfile's statistics of client and worker there (slow)",
    )
    return Options(**vars(parser.parse_args(arguments)))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, got {number}")
    return number
