"""What a plugin says of itself: names, words for people, examples."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.testing.contract.subject import Subject


def unprefixed(subject: Subject) -> Iterator[str]:
    """Names that two plugins could both want. Providers are named after what they stand for."""
    name = subject.name
    for kind, names in (
        ("task type", [each.name for each in subject.plugin.tasks]),
        ("schedule", [each.name for each in subject.plugin.schedules]),
    ):
        for each in names:
            if each != name and not each.startswith((f"{name}.", f"{name}-")):
                yield (
                    f"{subject} declares {kind} {each!r}, which another plugin could want as well; "
                    f"call it {name}.{each.rpartition('.')[2]}"
                )
    for queue in subject.plugin.queues:
        if queue.name != name and not queue.name.startswith((f"{name}-", f"{name}_")):
            yield (
                f"{subject} declares queue {queue.name!r}, which another plugin could want as "
                f"well; call it {name!r}, or {name}-{queue.name}"
            )


def undescribed(subject: Subject) -> Iterator[str]:
    """Task types of which the API, its document and the command line could say nothing."""
    for each in subject.plugin.tasks:
        if not each.description:
            yield (
                f"task type {each.name!r} of {subject} has no description: GET /api/task-types "
                "and the OpenAPI document show the docstring of its handler; write one"
            )
        for what, schema in (("input", each.input_schema()), ("output", each.output_schema())):
            if not schema.keys() - {"$defs", "description", "title"}:
                yield (
                    f"the {what} of task type {each.name!r} of {subject} may be anything at all: "
                    "nobody could know what to send or expect; give it a type (a Struct, say)"
                )


def without_example(subject: Subject) -> Iterator[str]:
    """Task types of which no behaviour can be tried."""
    for each in subject.plugin.tasks:
        if not subject.examples(each):
            yield (
                f"task type {each.name!r} of {subject} has no example, so the kit cannot run it; "
                f"declare one, @task(…, examples=[…]), or give one here: "
                f"examples = {{{each.name!r}: …}}"
            )
