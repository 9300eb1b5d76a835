"""What importing a plugin costs: the API imports it too, and never runs a handler."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint

import msgspec

HEAVY = frozenset(
    {
        "av",
        "cv2",
        "matplotlib",
        "numpy",
        "openai",
        "pandas",
        "PIL",
        "pyarrow",
        "scipy",
        "sklearn",
        "tensorflow",
        "torch",
        "transformers",
        "typst",
    }
)
"""Modules that take long to import, and that a declaration has no use for."""
_PROGRAM = """
import json, sys, time
import penstock
before = set(sys.modules)
began = time.perf_counter()
__import__(sys.argv[1])
seconds = time.perf_counter() - began
print(json.dumps({"seconds": seconds, "modules": sorted(set(sys.modules) - before)}))
"""
_ROUNDS = 3


class ImportCost(msgspec.Struct, frozen=True):
    """What came of importing a module into a process that has imported ``penstock``."""

    seconds: float
    modules: list[str]


def measured(entry_point: EntryPoint, *, enough: float) -> ImportCost:
    """The cost of importing a plugin; of some rounds the best, until one takes ``enough``."""
    costs: list[ImportCost] = []
    while len(costs) < _ROUNDS and (not costs or costs[-1].seconds > enough):
        done = subprocess.run(  # noqa: S603  (this Python, and a module that is installed)
            [sys.executable, "-c", _PROGRAM, entry_point.module],
            capture_output=True,
            check=False,
            text=True,
        )
        if done.returncode:
            raise ImportError(done.stderr)
        costs.append(msgspec.json.decode(done.stdout.splitlines()[-1], type=ImportCost))
    return min(costs, key=lambda each: each.seconds)


def faults(
    who: str, entry_point: EntryPoint, *, heavy: frozenset[str], seconds: float
) -> Iterator[str]:
    """What makes the import of a plugin too dear."""
    cost = measured(entry_point, enough=seconds)
    loaded = sorted(heavy & {each.partition(".")[0] for each in cost.modules})
    if loaded:
        yield (
            f"importing {entry_point.module!r} of {who} imports {', '.join(loaded)}: the API, "
            "which only needs what it declares, would wait for that and keep it in memory; import "
            "it inside of the handler that uses it"
        )
    if cost.seconds > seconds:
        yield (
            f"importing {entry_point.module!r} of {who} took {cost.seconds:.2f} s and "
            f"{len(cost.modules)} modules, expected at most {seconds:g} s; import what its "
            "handlers use inside of them (python -X importtime shows what takes long)"
        )
