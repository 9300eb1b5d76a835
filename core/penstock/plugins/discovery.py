"""Finding the plugins that are installed, without importing them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import Distribution, EntryPoint, distributions, entry_points

from packaging.utils import canonicalize_name

from penstock.plugins.selection import distribution_name, is_built_in

ENTRY_POINT_GROUP = "penstock"


def discover() -> Sequence[EntryPoint]:
    """The entry points of all installed plugins, in the order in which they may take names."""
    try:
        found = list(entry_points(group=ENTRY_POINT_GROUP))
    # Whatever it is: one malformed file, of any package at all, fails it.
    except Exception:  # noqa: BLE001
        found = list(_one_by_one(distributions()))
    return in_order(found)


def in_order(candidates: Iterable[EntryPoint]) -> Sequence[EntryPoint]:
    """``candidates``, built in ones first, then by name.

    Of those that bear one name, the one that is published as its own comes first: plugin ``acme``
    of distribution ``penstock-acme``.
    """

    def place(entry_point: EntryPoint) -> tuple[bool, str, bool, str]:
        distribution = canonicalize_name(distribution_name(entry_point))
        is_its_own = distribution == canonicalize_name(f"penstock-{entry_point.name}")
        return not is_built_in(entry_point), entry_point.name, not is_its_own, distribution

    return sorted(candidates, key=place)


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
