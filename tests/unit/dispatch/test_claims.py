"""Whose word counts."""

from datetime import UTC, datetime, timedelta

import pytest

from penstock import Provider, Queue, RetryPolicy, task
from penstock.dispatch.claims import Claims
from penstock.ledger import Override
from penstock.plugins import Catalogue, Plugin
from penstock.settings import PROVIDERS, QUEUES, TASKS, Setting

KINDS = {each.kind: each for each in (QUEUES, PROVIDERS, TASKS)}
PLAIN = Queue("plain")
TUNED = Queue("tuned", concurrency=7, retry=RetryPolicy(max_attempts=5, jitter=0.5))
MODEL = Provider("model", concurrency=2)


@task("acme.plain", queue=PLAIN)
async def plain(number: int) -> int:
    """Says nothing itself."""
    return number


@task("acme.inherits", queue=TUNED)
async def inherits(number: int) -> int:
    """Has its queue's retry policy."""
    return number


@task("acme.own", queue=TUNED, retry=RetryPolicy(max_attempts=9), timeout=timedelta(minutes=1))
async def own(number: int) -> int:
    """Has a retry policy of its own."""
    return number


@task("acme.process", queue=PLAIN, max_memory=1 << 30, unique=True)
def process(number: int) -> int:
    """Runs in a process."""
    return number


CATALOGUE = Catalogue(
    plugins=[
        Plugin(
            name="acme",
            distribution="acme",
            version="1",
            queues=[PLAIN, TUNED],
            tasks=[plain, inherits, own, process],
            providers=[MODEL],
        )
    ]
)


def claims(kind, name, field, *, settings=None, said=()):
    overrides = {
        (of, who, knob): Override(
            kind=of,
            name=who,
            knob=knob,
            value=value,
            changed_by="ada",
            changed_at=datetime.now(UTC),
        )
        for of, who, knob, value in said
    }
    knob = next(each for each in KINDS[kind].knobs if each.field == field)
    found = Claims(CATALOGUE, list(KINDS.values()), settings or {}).of(kind, name, knob, overrides)
    return [(each.value, each.origin, each.said_of) for each in found]


def in_file(value):
    return Setting(value=value, origin="file", source="penstock.toml")


@pytest.mark.parametrize(
    ("name", "field", "expected"),
    [
        ("acme.plain", "max_attempts", [("3", "default", "task")]),
        ("acme.plain", "timeout", [("none", "default", "task")]),
        ("acme.inherits", "max_attempts", [("5", "queue", "queue"), ("3", "default", "task")]),
        ("acme.inherits", "max_interval", [("1h", "default", "task")]),
        (
            "acme.own",
            "max_attempts",
            [("9", "task", "task"), ("5", "queue", "queue"), ("3", "default", "task")],
        ),
        # Its policy replaces its queue's as a whole, also where it says nothing of its own.
        (
            "acme.own",
            "jitter",
            [("0.1", "task", "task"), ("0.5", "queue", "queue"), ("0.1", "default", "task")],
        ),
        ("acme.own", "max_interval", [("1h", "default", "task")]),
        ("acme.own", "timeout", [("1m", "task", "task"), ("none", "default", "task")]),
        (
            "acme.process",
            "max_memory",
            [("1073741824", "task", "task"), ("2147483648", "default", "task")],
        ),
        ("acme.process", "unique", [("true", "task", "task"), ("false", "default", "task")]),
        ("acme.process", "enabled", [("true", "default", "task")]),
    ],
)
def test_a_task_type_says_more_than_its_queue(name, field, expected):
    assert claims("task", name, field) == expected


def test_an_operator_stands_over_a_file_and_both_over_the_declaration():
    settings = {"queue": {"tuned": {"concurrency": in_file(8)}}}
    said = [("queue", "tuned", "concurrency", "9")]

    assert claims("queue", "tuned", "concurrency", settings=settings, said=said) == [
        ("9", "operator", "queue"),
        ("8", "file", "queue"),
        ("7", "plugin", "queue"),
        ("5", "default", "queue"),
    ]


def test_whatever_operators_say_of_the_task_type_stands_over_what_they_say_of_its_queue():
    settings = {"task": {"acme.own": {"max_attempts": in_file(8)}}}
    said = [("queue", "tuned", "max_attempts", "1")]

    assert claims("task", "acme.own", "max_attempts", settings=settings, said=said) == [
        ("8", "file", "task"),
        ("1", "operator", "queue"),
        ("9", "task", "task"),
        ("5", "queue", "queue"),
        ("3", "default", "task"),
    ]


def test_a_provider_has_what_its_plugin_says_or_an_operator():
    said = [("provider", "model", "concurrency", "none")]

    assert claims("provider", "model", "concurrency", said=said)[0] == (
        "none",
        "operator",
        "provider",
    )
    assert claims("provider", "model", "rate_limit") == [("none", "default", "provider")]


def test_the_first_of_all_claims_is_what_is_in_force():
    settings = {
        "queue": {"tuned": {"max_attempts": in_file(2), "jitter": in_file(0.2)}},
        "task": {"acme.own": {"max_attempts": in_file(4)}},
    }
    values = {
        kind: {
            name: {field: each.value for field, each in fields.items()}
            for name, fields in of_kind.items()
        }
        for kind, of_kind in settings.items()
    }
    tuned = CATALOGUE.tuned(values["queue"], None, values["task"])

    for name in CATALOGUE.task_types:
        for knob in TASKS.knobs:
            if knob.field in vars(RetryPolicy()):
                first, *_ = claims("task", name, knob.field, settings=settings)
                in_force = getattr(tuned.task_type(name).retry, knob.field)
                assert first[0] == knob.write(in_force), (name, knob.field)


def test_the_memory_of_an_async_handler_is_nothing_to_speak_of():
    known = Claims(CATALOGUE, list(KINDS.values()), {})

    assert "max_memory" in [each.field for each in known.knobs("task", "acme.process")]
    assert "max_memory" not in [each.field for each in known.knobs("task", "acme.own")]
