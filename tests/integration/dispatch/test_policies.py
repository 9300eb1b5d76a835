"""What operators say is kept in the database, for everybody who reads it."""

import logging
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from penstock.dispatch import InvalidPolicyError
from penstock.dispatch.explanation import explain
from penstock.ledger import LedgerUnavailableError, Overrides
from tests.integration.dispatch.conftest import Build, Installation

# As processes of the version before write and read it.
WRITE_OLD = text(
    "INSERT INTO setting_override (queue, knob, value, changed_by, changed_at) "
    "VALUES (:queue, :knob, :value, 'ada', :at) ON CONFLICT (queue, knob) DO UPDATE "
    "SET value = excluded.value"
)
READ_OLD = text("SELECT queue, knob, value FROM setting_override ORDER BY queue, knob")


async def write_as_before(installation: Installation, queue: str, knob: str, value: str) -> None:
    at: object = datetime.now(UTC)
    if installation.ledger.database.dialect == "sqlite":
        at = "2026-11-26 00:00:00.000000"
    async with installation.ledger.database.write("write") as connection:
        said = {"queue": queue, "knob": knob, "value": value, "at": at}
        await connection.execute(WRITE_OLD, said)


async def test_what_is_said_of_a_queue_and_of_its_task_types_is_kept_apart(build: Build) -> None:
    one, other = build(), build()
    await one.policies.change("queue", "acme", {"max_attempts": "9", "concurrency": "2"}, by="ada")
    await one.policies.change("task", "acme.resize", {"max_attempts": "1"}, by="bob")

    await other.policies.refresh()

    assert other.policies.catalogue.task_type("acme.resize").retry.max_attempts == 1
    assert other.policies.catalogue.task_type("acme.sweep").retry.max_attempts == 9
    assert other.policies.catalogue.queues["acme"].concurrency == 2
    assert other.policies.catalogue.queues["other"].retry.max_attempts == 3
    await one.policies.reset("task", "acme.resize", by="ada")
    assert one.policies.catalogue.task_type("acme.resize").retry.max_attempts == 9
    rows = await Overrides(one.ledger.database).all()
    assert {(each.kind, each.name) for each in rows} == {("queue", "acme")}


async def test_processes_of_the_version_before_share_the_table(installation: Installation) -> None:
    policies = installation.policies
    await policies.change("task", "acme.resize", {"timeout": "5m"}, by="ada")
    await write_as_before(installation, "acme", "concurrency", "3")
    await write_as_before(installation, "acme", "concurrency", "4")

    await policies.refresh()

    assert policies.catalogue.queues["acme"].concurrency == 4
    async with installation.ledger.database.read("read") as connection:
        rows = [tuple(row) for row in await connection.execute(READ_OLD)]
    assert rows == [("acme", "concurrency", "4"), ("task:acme.resize", "timeout", "5m")]


async def test_what_nobody_here_knows_is_passed_over(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    for subject, knob in (
        ("later:thing", "x"),
        ("task:acme.gone", "timeout"),
        ("task:acme.resize", "x"),
        ("provider:gone", "concurrency"),
    ):
        await write_as_before(installation, subject, knob, "1")
    # No handler of that kind is limited so, and another version's is no number.
    await write_as_before(installation, "task:acme.resize", "max_memory", "1GiB")
    await write_as_before(installation, "task:acme.sweep", "max_attempts", "few")

    with caplog.at_level(logging.ERROR):
        await installation.policies.refresh()
        await installation.policies.refresh()

    assert installation.policies.catalogue.task_types == installation.catalogue.task_types
    refused = sorted(record.getMessage() for record in caplog.records)
    assert len(refused) == 2
    assert "task type 'acme.resize': the operator's max_memory=1GiB is not honoured" in refused[0]


async def test_the_longest_name_of_a_task_type_has_room(build: Build) -> None:
    name = f"acme.{'x' * 123}"
    overrides = Overrides(build().ledger.database)

    await overrides.write("task", name, {"backoff_coefficient": "2"}, by="x" * 255)

    (row,) = await overrides.all()
    assert (row.kind, row.name) == ("task", name)


async def test_all_of_it_is_said_or_none(installation: Installation) -> None:
    policies = installation.policies
    with pytest.raises(InvalidPolicyError) as caught:
        await policies.change("task", "acme.resize", {"timeout": "1s", "jitter": "2"}, by="ada")

    assert caught.value.of == "task type 'acme.resize'"
    assert [each.knob for each in caught.value.faults] == ["jitter"]
    await policies.refresh()
    timeout = next(
        each for each in explain(policies, "acme.resize").policy if each.knob == "timeout"
    )
    assert (timeout.value, timeout.origin) == ("none", "default")


async def test_what_contradicts_something_said_before_is_refused_and_named(build: Build) -> None:
    one, other = build(), build()
    await one.policies.change(
        "queue", "acme", {"initial_interval": "2h", "max_interval": "3h"}, by="ada"
    )
    with pytest.raises(InvalidPolicyError) as caught:
        await one.policies.change("task", "acme.resize", {"max_interval": "1h"}, by="bob")

    assert "initial_interval of the retry policy of task type 'acme.resize'" in str(caught.value)
    await other.policies.refresh()
    retry = other.policies.catalogue.task_type("acme.resize").retry
    assert (retry.initial_interval.total_seconds(), retry.max_interval.total_seconds()) == (
        7200,
        10800,
    )


async def test_rows_that_contradict_each_other_are_named_and_the_others_are_in_force(
    installation: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    await write_as_before(installation, "acme", "concurrency", "3")
    await write_as_before(installation, "acme", "initial_interval", "2h")
    await write_as_before(installation, "task:acme.resize", "max_interval", "1h")
    await write_as_before(installation, "acme", "max_interval", "3h")

    await installation.policies.refresh()

    catalogue = installation.policies.catalogue
    assert catalogue.queues["acme"].concurrency == 3
    assert catalogue.task_type("acme.resize").retry.max_interval.total_seconds() == 10800
    (refused,) = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
    assert "task type 'acme.resize': the operator's max_interval=1h is not honoured" in refused


async def test_a_name_that_an_older_schema_has_no_room_for_is_told_so(build: Build) -> None:
    database = build().ledger.database
    if database.dialect == "sqlite":  # it never kept the length
        return
    async with database.write("take the room back") as connection:
        await connection.execute(
            text("ALTER TABLE setting_override ALTER COLUMN queue TYPE VARCHAR(63)")
        )

    with pytest.raises(LedgerUnavailableError, match="run `penstock db upgrade`"):
        await Overrides(database).write("task", f"acme.{'x' * 60}", {"jitter": "0"}, by="ada")


async def test_a_kind_that_nobody_knows_is_no_task_type(installation: Installation) -> None:
    with pytest.raises(KeyError, match="plugin"):
        await installation.policies.change("plugin", "acme.resize", {"jitter": "0"}, by="ada")


async def test_who_no_longer_listens_is_told_of_no_change(installation: Installation) -> None:
    told: list[str] = []
    policies = installation.policies
    leave = policies.on_change(lambda: told.append("one"))
    policies.on_change(lambda: told.append("other"))

    leave()
    await policies.change("queue", "acme", {"concurrency": "2"}, by="ada")

    assert set(told) == {"other"}
