"""How large a run is."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.chaos.faults import AT_LEAST, CLUSTER_FAULTS, FAULTS, SENTINEL_FAULTS, Fault, Scale


@dataclass(frozen=True, kw_only=True)
class Options:
    """What can be asked for; the default is the short seed of `make test`."""

    seed: int = 11635
    """The short one is chosen for its plan: `tests/unit/chaos/test_plan.py` says what it has."""
    tasks: int = 1200
    faults: int = AT_LEAST
    redis: Literal["single", "sentinel", "cluster"] = "single"
    """One server; a master and a replica, watched by Sentinels; or three masters and replicas."""
    workers: int = 3
    apis: int = 2
    lease: float = 1.5
    patience: float = 60.0
    """Seconds until every task must have ended, after the last fault."""
    report: Path | None = None
    """Where to write the report as JSON."""
    keep: Path | None = None
    """Where to keep logs, instead of a folder that goes away."""

    @property
    def kinds(self) -> Sequence[type[Fault]]:
        """Which faults there may be."""
        return {"single": FAULTS, "sentinel": SENTINEL_FAULTS, "cluster": CLUSTER_FAULTS}[
            self.redis
        ]

    @property
    def scale(self) -> Scale:
        """What faults are drawn for."""
        return Scale(workers=self.workers, apis=self.apis, lease=self.lease)


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; ends the program if it is not understood."""
    default = Options()
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description="Break everything while tasks run, and check that the promises hold.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    for name, text in (
        ("seed", "where all chance comes from"),
        ("tasks", "how many are posted"),
        ("faults", "how often something is broken"),
        ("workers", "worker processes, the last of which is of an old version"),
        ("apis", "API processes"),
    ):
        parser.add_argument(f"--{name}", type=int, default=getattr(default, name), help=text)
    for name, text in (
        ("lease", "seconds"),
        ("patience", "seconds until every task must have ended, after the last fault"),
    ):
        parser.add_argument(f"--{name}", type=float, default=getattr(default, name), help=text)
    several = parser.add_mutually_exclusive_group()
    for name, text in (
        ("sentinel", "a Redis that Sentinels watch, and that fails over"),
        ("cluster", "a Redis Cluster of three masters, which fail over"),
    ):
        several.add_argument(
            f"--{name}",
            dest="redis",
            action="store_const",
            const=name,
            default=default.redis,
            help=text,
        )
    for name, text in (
        ("report", "write the report there, as JSON"),
        ("keep", "keep all logs in this folder, which must not exist"),
    ):
        parser.add_argument(f"--{name}", type=Path, default=None, help=text)
    return Options(**vars(parser.parse_args(arguments)))
