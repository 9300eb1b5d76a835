"""Plugins by the dozen, written as real distributions: what an installation that has grown has."""

from __future__ import annotations

from pathlib import Path

TASKS = 10
"""Of each plugin."""

_HEAD = """\
from msgspec import Struct

from penstock import Queue, hookimpl, task

QUEUE = Queue("{name}")


class Output(Struct):
    key: str


@hookimpl
def penstock_queues():
    return [QUEUE]


@hookimpl
def penstock_tasks():
    return [{tasks}]

"""
_TASK = """
class Input{number}(Struct):
    source: str
    width: int = {number}
    tags: list[str] = []


@task("{name}.task-{number}", queue=QUEUE, examples=[Input{number}("a")])
async def task_{number}(given: Input{number}) -> Output:
    \"\"\"Do one thing.\"\"\"
    return Output(given.source)

"""


def write_plugins(folder: Path, count: int, *, tasks: int = TASKS) -> None:
    """Install ``count`` plugins with ``tasks`` task types each in ``folder``."""
    for index in range(count):
        name = f"many-{index:03}"
        module = name.replace("-", "_")
        functions = ", ".join(f"task_{number}" for number in range(tasks))
        parts = [_HEAD.format(name=name, tasks=functions)]
        parts += [_TASK.format(name=name, number=number) for number in range(tasks)]
        (folder / f"{module}.py").write_text("".join(parts))
        info = folder / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[penstock]\n{name} = {module}\n")
