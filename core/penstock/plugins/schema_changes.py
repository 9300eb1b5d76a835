"""What a new version of a plugin does to those who know the old one, told from its schemas.

An input is compatible if whatever fitted the old schema fits the new one; an output, if whatever
the new one allows fits the old one. This looks for a proof of that: what it does not understand
counts as a change, so that silence can be relied on. Members that an open object does not name are
left out of account: a field may be added with a default.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from penstock.declarations.definitions import closure, references
from penstock.declarations.places import join, shown
from penstock.plugins.plain_schema import (
    Schema,
    has_type,
    is_anything,
    is_never,
    item_at,
    name_of,
    narrowed,
    takes,
    text_of,
    types_of,
)
from penstock.plugins.schema_parts import branches_of, conjuncts, resolved


@dataclass(frozen=True)
class _Words:
    """How changes are told: by the side of the new version."""

    required: str
    refused: str
    closed: str
    other_type: str
    other_value: str
    narrower: str


_OF_INPUT = _Words(
    required="is required now; give it a default",
    refused="is gone, and further fields are refused; keep it, or skip what is not known",
    closed="refuses further fields now, which it used to skip; go on skipping them",
    other_type="took {sub} and takes {super} now; take both",
    other_value="no longer takes {sub}; keep taking it",
    narrower="is narrower: {keyword} was {sub} and is {super}; leave it as it was, or wider",
)
_OF_OUTPUT = _Words(
    required="may be missing now; keep returning it",
    refused="is new, and the old schema allowed no further fields; leave it out",
    closed="may have further fields now, which the old schema ruled out; leave them out",
    other_type="was {super} and may be {sub} now; keep returning what it was",
    other_value="may be {sub} now, which it never was; return what it was",
    narrower="is wider: {keyword} was {super} and is {sub}; leave it as it was, or narrower",
)


def breaking_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Sequence[str]:
    """Why inputs that fitted the schema ``old`` may not fit ``new``; nothing if all of them do.

    Each names the place, as ``$.crops[].x``, what changed there, and what to do.
    """
    return _Comparison(old, new, _OF_INPUT).changes()


def breaking_output_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Sequence[str]:
    """Why who reads outputs by the schema ``old`` may not understand those of ``new``."""
    return _Comparison(new, old, _OF_OUTPUT).changes()


class _Comparison:
    """Whether whatever fits one schema fits another one.

    Args:
        sub: the one.
        super_: the other.
        words: how to tell why not.
    """

    def __init__(self, sub: Schema, super_: Schema, words: _Words) -> None:
        self._sub = sub
        self._super = super_
        self._words = words
        # Of recursive types: what is being proved may be used in its own proof.
        self._assumed: set[tuple[str, str]] = set()
        own, others = sub.get("$defs", {}), super_.get("$defs", {})
        self._same = {
            each for each in own.keys() & others if closure(each, own) == closure(each, others)
        }

    def changes(self) -> Sequence[str]:
        return list(dict.fromkeys(self._compare(self._sub, self._super, "$")))

    def _compare(self, sub: Any, super_: Any, path: str) -> Iterator[str]:
        pair = (text_of(sub), text_of(super_))
        is_same = pair[0] == pair[1] and self._same.issuperset(references(sub))
        if is_same or pair in self._assumed:
            return
        self._assumed.add(pair)
        sub = resolved(sub, self._sub)
        branches = list(branches_of(sub))
        for part in conjuncts(super_, self._super):
            for branch in branches:
                if branch is sub:
                    yield from self._compare_one(sub, part, path)
                else:
                    yield from self._compare(branch, part, path)

    def _compare_one(self, sub: Schema, super_: Schema, path: str) -> Iterator[str]:
        """Where ``sub`` is no union of others any more, and ``super_`` no conjunction."""
        if is_never(sub) or is_anything(super_):
            return
        choices = super_.get("anyOf") or super_.get("oneOf")
        if not choices:
            yield from self._compare_plain(sub, super_, path)
            return
        if "oneOf" in super_ and "discriminator" not in super_:
            # What fits two of them would not fit: that they exclude each other, nobody said.
            yield self._say("narrower", path, keyword="oneOf", sub=name_of(sub), super_="oneOf")
            return
        least: list[str] | None = None
        for each in choices:
            assumed = set(self._assumed)
            found = list(self._compare(sub, each, path))
            if not found:
                return
            # What was found on the way to a failure is no proof of anything.
            self._assumed = assumed
            like = types_of(sub) == types_of(resolved(each, self._super))
            if like and (least is None or len(found) < len(least)):
                least = found
        if least is not None:
            yield from least
        else:
            named = [name_of(resolved(each, self._super)) for each in choices]
            names = " or ".join(dict.fromkeys(named))
            yield self._say("other_type", path, sub=name_of(sub), super_=names)

    def _compare_plain(self, sub: Schema, super_: Schema, path: str) -> Iterator[str]:
        if "const" in sub:
            if not takes(super_, sub["const"]):
                yield self._say("other_value", path, sub=shown(sub["const"]))
            return
        if "enum" in super_ or "const" in super_:
            yield self._say("other_type", path, sub=name_of(sub), super_=name_of(super_))
            return
        (kind,) = types_of(sub)
        if not has_type(super_, kind):
            yield self._say("other_type", path, sub=name_of(sub), super_=name_of(super_))
            return
        for keyword in narrowed(sub, super_, kind):
            was, now = shown(sub.get(keyword)), shown(super_[keyword])
            yield self._say("narrower", path, keyword=keyword, sub=was, super_=now)
        if kind == "object":
            yield from self._compare_objects(sub, super_, path)
        elif kind == "array":
            yield from self._compare_arrays(sub, super_, path)

    def _compare_objects(self, sub: Schema, super_: Schema, path: str) -> Iterator[str]:
        own, others = sub.get("properties", {}), super_.get("properties", {})
        rest, other_rest = (each.get("additionalProperties", True) for each in (sub, super_))
        for name in sorted(set(super_.get("required", ())) - set(sub.get("required", ()))):
            yield self._say("required", join(path, name), near=_renamed(name, own, others))
        for name, value in own.items():
            if name in others:
                yield from self._compare(value, others[name], join(path, name))
            elif other_rest is False:
                yield self._say("refused", join(path, name), near=_renamed(name, others, own))
            else:
                yield from self._compare(value, other_rest, join(path, name))
        if rest is False:
            return
        if other_rest is False:
            yield self._say("closed", path)
        else:
            yield from self._compare(rest, other_rest, f"{path}.*")
        # The keys of a mapping are anybody's; those that an object does not name, are nobody's.
        if rest is not True or "properties" not in sub:
            for name in others.keys() - own.keys():
                yield from self._compare(rest, others[name], join(path, name))

    def _compare_arrays(self, sub: Schema, super_: Schema, path: str) -> Iterator[str]:
        first = max(len(sub.get("prefixItems", ())), len(super_.get("prefixItems", ())))
        most = sub.get("maxItems", math.inf)
        for index in range(first):
            if index < most:
                own, other = item_at(sub, index), item_at(super_, index)
                yield from self._compare(own, other, f"{path}[{index}]")
        if first < most:
            yield from self._compare(sub.get("items", True), super_.get("items", True), f"{path}[]")

    def _say(
        self,
        what: str,
        path: str,
        *,
        sub: str = "",
        super_: str = "",
        keyword: str = "",
        near: str | None = None,
    ) -> str:
        sentence: str = getattr(self._words, what)
        hint = f" (renamed from or to {near!r}? keep both names)" if near else ""
        return f"{path} " + sentence.format(sub=sub, super=super_, keyword=keyword) + hint


def _renamed(name: str, among: Mapping[str, Any], but: Mapping[str, Any]) -> str | None:
    """The field that may be the same by another name."""
    return next(iter(get_close_matches(name, among.keys() - but.keys(), n=1, cutoff=0.5)), None)
