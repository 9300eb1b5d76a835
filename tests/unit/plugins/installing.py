"""Puts plugins where the loader finds them, with metadata as an installer writes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, PathDistribution
from pathlib import Path

GOOD = """
from msgspec import Struct

from penstock import Provider, Queue, hookimpl, task

QUEUE = Queue("{name}")


class Job(Struct):
    size: int = 1


@task("{name}.run", queue=QUEUE)
async def run(job: Job) -> Job:
    return Job(job.size * 2)


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_providers():
    return [Provider("{name}-maps")]


@hookimpl
def penstock_tasks():
    return [run]
"""


@dataclass(frozen=True, kw_only=True)
class Package:
    """A plugin to install: its only module, and what its metadata say.

    ``point`` is the line of its entry point, ``{module}`` its module, which is called as the
    distribution if nothing else is said.
    """

    name: str
    source: str
    point: str = ""
    module: str = ""
    requires: Sequence[str] = ("penstock>=0.1",)
    python: str = ">=3.11"
    version: str = "1.2"


def install(package: Package, folder: Path) -> PathDistribution:
    """Install it in ``folder``, as ``penstock-<name>``."""
    distribution = f"penstock-{package.name.replace('_', '-')}"
    module = package.module or distribution.replace("-", "_")
    (folder / f"{module}.py").write_text(package.source)
    info = folder / f"{module}-{package.version}.dist-info"
    info.mkdir()
    metadata = [
        "Metadata-Version: 2.1",
        f"Name: {distribution}",
        f"Version: {package.version}",
        f"Requires-Python: {package.python}",
        *(f"Requires-Dist: {each}" for each in package.requires),
    ]
    (info / "METADATA").write_text("\n".join(metadata) + "\n")
    point = package.point or f"{package.name} = {{module}}"
    (info / "entry_points.txt").write_text(f"[penstock]\n{point.format(module=module)}\n")
    return PathDistribution(info)


def entry_points(distribution: PathDistribution) -> list[EntryPoint]:
    """Those of one distribution."""
    return list(distribution.entry_points.select(group="penstock"))
