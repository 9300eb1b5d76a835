"""Of what operators say, all is in force that goes together."""

from datetime import UTC, datetime

from penstock import DeclarationError
from penstock.dispatch.fitting import fitting
from penstock.ledger import Override


def said(kind, name, knob, value):
    row = Override(
        kind=kind,
        name=name,
        knob=knob,
        value=str(value),
        changed_by="ada",
        changed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return row, value


def fault_of(values):
    """As if a plugin took no ``first`` above ``most`` (10), neither of a queue nor of its tasks."""
    of_queue = values.get("queue", {}).get("acme", {})
    for fields in (of_queue, *values.get("task", {}).values()):
        all_fields = {"first": 1, "most": 10} | of_queue | fields
        if all_fields["first"] > all_fields["most"]:
            return DeclarationError("too much")
    return None


def honoured(rows):
    found = fitting(rows, fault_of)
    refused = [(row.name, row.knob) for row, _ in found.refused]
    return [(row.name, row.knob) for row in found.honoured], refused, found.values


def test_what_goes_together_is_in_force_in_whichever_order_it_is_read():
    kept, refused, values = honoured(
        [said("queue", "acme", "first", 50), said("queue", "acme", "most", 60)]
    )

    assert kept == [("acme", "first"), ("acme", "most")]
    assert refused == []
    assert values == {"queue": {"acme": {"first": 50, "most": 60}}}


def test_what_does_not_go_with_the_rest_is_refused_alone():
    kept, refused, values = honoured(
        [
            said("queue", "acme", "concurrency", 2),
            said("queue", "acme", "first", 50),
            said("task", "acme.x", "timeout", 3),
        ]
    )

    assert refused == [("acme", "first")]
    assert kept == [("acme", "concurrency"), ("acme.x", "timeout")]
    assert values == {"queue": {"acme": {"concurrency": 2}}, "task": {"acme.x": {"timeout": 3}}}


def test_what_goes_together_is_kept_beside_another_that_does_not():
    kept, refused, _ = honoured(
        [
            said("queue", "acme", "first", 20),
            said("queue", "acme", "most", 30),
            said("task", "acme.x", "first", 40),
        ]
    )

    assert refused == [("acme.x", "first")]
    assert kept == [("acme", "first"), ("acme", "most")]
