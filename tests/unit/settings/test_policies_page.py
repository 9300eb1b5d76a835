"""docs/policies.md has every knob in its table, where it exists and with its default."""

from pathlib import Path

from penstock import Provider, Queue, RetryPolicy
from penstock.declarations.task_type import DEFAULT_MAX_MEMORY
from penstock.settings import PROVIDERS, QUEUES, TASKS, limits

PAGE = Path(__file__).parents[3] / "docs" / "policies.md"
OF_USER = "user_"


def default(kind, field):
    if field == "max_memory":
        return limits.size(DEFAULT_MAX_MEMORY)
    if field in vars(RetryPolicy()):
        return limits.text(getattr(RetryPolicy(), field))
    declared = {"task": None, "queue": Queue("x"), "provider": Provider("x")}[kind.kind]
    of_tasks = {"enabled": True, "timeout": None, "unique": False}
    return limits.text(of_tasks[field] if declared is None else getattr(declared, field))


def rows():
    """The table as the code has it: knob → column → cell."""
    found: dict[str, dict[str, str]] = {}
    for kind in (TASKS, QUEUES, PROVIDERS):
        for knob in kind.knobs:
            is_users = kind is QUEUES and knob.field.startswith(OF_USER)
            column = "user" if is_users else kind.kind
            name = knob.field.removeprefix(OF_USER).replace("_", " ")
            found.setdefault(name, {})[column] = f"`{knob.field}` ({default(kind, knob.field)})"
    return found


def test_the_table_is_what_the_code_knows():
    expected = {
        f"| {name} | " + " | ".join(cells.get(each, "") for each in COLUMNS) + " |"
        for name, cells in rows().items()
    }
    expected = {each.replace("  ", " ") for each in expected}
    table = PAGE.read_text().split("|---|---|---|---|---|\n")[1].split("\n\n")[0]

    assert set(table.splitlines()) == expected


COLUMNS = ("task", "queue", "user", "provider")


def test_every_knob_can_be_changed_while_everything_runs():
    """The page says so of all of them: the commands have an option for each."""
    from penstock.cli.provider import provider
    from penstock.cli.queue import queue
    from penstock.cli.task_type import task_type

    for group, kind in ((task_type, TASKS), (queue, QUEUES), (provider, PROVIDERS)):
        options = {each.name for each in group.commands["set"].params}
        assert {knob.field for knob in kind.knobs} <= options
