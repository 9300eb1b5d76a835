"""Finding the plugins that are installed, without importing them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points

from packaging.utils import canonicalize_name

from penstock.plugins.selection import distribution_name, is_built_in

ENTRY_POINT_GROUP = "penstock"


def discover() -> Sequence[EntryPoint]:
    """The entry points of all installed plugins: those that are built in first, then by name.

    Who comes first keeps a name that two of them want.
    """
    try:
        found = list(entry_points(group=ENTRY_POINT_GROUP))
    # Whatever it is: one malformed file, of any package at all, fails it.
    except Exception:  # noqa: BLE001
        found = list(_one_by_one(distributions()))
    return in_order(found)


def in_order(candidates: Iterable[EntryPoint]) -> Sequence[EntryPoint]:
    """``candidates`` in the order in which they are loaded."""
    return sorted(
        candidates, key=lambda each: (not is_built_in(each), each.name, distribution_name(each))
    )


def _one_by_one(installed: Iterable[Distribution]) -> Iterable[EntryPoint]:
    """The entry points of each distribution that has readable ones; of ours, the others as well."""
    seen: set[str] = set()
    for each in installed:
        name = canonicalize_name(each.metadata["Name"] or "")
        if name in seen:
            continue
        seen.add(name)
        try:
            yield from each.entry_points.select(group=ENTRY_POINT_GROUP)
        except Exception:  # noqa: BLE001  (as above)
            if f"[{ENTRY_POINT_GROUP}]" in (each.read_text("entry_points.txt") or ""):
                unreadable = EntryPoint(name, "", ENTRY_POINT_GROUP)
                # As importlib does it: the class takes no distribution when it is built.
                vars(unreadable).update(dist=each)
                yield unreadable
