"""Whether a plugin fits what is installed, told from its metadata, before it is imported."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, version

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion

_HOST = "penstock"


def misfits(entry_point: EntryPoint) -> Iterable[str]:
    """Everything that the distribution requires and does not find, and what to do about each."""
    if not entry_point.pattern.fullmatch(entry_point.value):
        yield (
            "expected its entry points of group 'penstock' to be lines like 'acme = penstock_acme',"
            f" got {entry_point.value or 'a line that cannot be read'!r}; correct "
            "[project.entry-points.penstock] in its pyproject.toml, and install it again"
        )
    if entry_point.dist is not None:
        yield from _python(entry_point.dist)
        for line in entry_point.dist.requires or ():
            yield from _requirement(line)


def requirement_of_host(distribution: Distribution) -> str | None:
    """What a distribution requires of Penstock, like ``penstock>=0.1,<0.2``, if it says so."""
    for line in distribution.requires or ():
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if canonicalize_name(requirement.name) == _HOST and _applies(requirement):
            return f"{requirement.name}{requirement.specifier}"
    return None


def _python(distribution: Distribution) -> Iterable[str]:
    wanted: str | None = distribution.metadata["Requires-Python"]
    if wanted is None:
        return
    here = platform.python_version()
    try:
        fits = SpecifierSet(wanted).contains(here, prereleases=True)
    except InvalidSpecifier:
        yield (
            f"expected its Requires-Python to be versions like '>=3.11', got {wanted!r}; correct "
            "requires-python in its pyproject.toml, and install it again"
        )
        return
    if not fits:
        yield (
            f"it requires Python {wanted}, and this is {here}; install a version of it that "
            "supports this Python, or run Penstock by another one"
        )


def _requirement(line: str) -> Iterable[str]:
    try:
        requirement = Requirement(line)
    except InvalidRequirement as error:
        yield (
            f"expected its requirements to be like 'penstock>=0.1', got {line!r} "
            f"({str(error).splitlines()[0]}); correct its pyproject.toml, and install it again"
        )
        return
    if not _applies(requirement):
        return
    wanted = f"{requirement.name}{requirement.specifier}"
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        yield f"it requires {wanted!r}, which is not installed; install it: pip install {wanted!r}"
        return
    try:
        # Whoever has installed a pre-release wants it.
        fits = requirement.specifier.contains(found, prereleases=True)
    except InvalidVersion:
        return
    if fits:
        return
    if canonicalize_name(requirement.name) == _HOST:
        remedy = "install a version of it that was made for this Penstock, or the other Penstock"
    else:
        remedy = f"install another: pip install {wanted!r}"
    yield f"it requires {wanted!r}, and {requirement.name} {found} is installed; {remedy}"


def _applies(requirement: Requirement) -> bool:
    """Whether it is meant for this machine, and for no extra."""
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})
