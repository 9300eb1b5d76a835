"""What variables and files say of what plugins declare, all of it together."""

import pytest

from penstock import Queue, task
from penstock.configuration import configured, faults
from penstock.plugins import Catalogue, Plugin
from penstock.settings import Settings, SettingsError

ACME = Queue("acme", global_concurrency=2)


@task("acme.resize", queue=ACME)
async def resize(number: int) -> int:
    """Does nothing."""
    return number


CATALOGUE = Catalogue(
    plugins=[
        Plugin(name="acme", distribution="acme", version="1", queues=[ACME], tasks=[resize]),
    ]
)


def loaded(tmp_path, toml="", **variables):
    (tmp_path / "penstock.toml").write_text(toml)
    return Settings.load(
        {f"PENSTOCK_{name}": value for name, value in variables.items()},
        tmp_path,
        plugins=["acme"],
    )


def refusal(tmp_path, toml="", catalogue=CATALOGUE, **variables):
    settings = loaded(tmp_path, toml, **variables)
    with pytest.raises(SettingsError) as caught:
        configured(settings, catalogue)
    return str(caught.value)


def test_a_limit_that_nobody_would_ever_reach_is_refused(tmp_path):
    said = refusal(tmp_path, QUEUE_ACME_USER_CONCURRENCY="50")

    assert "expected user_concurrency of queue 'acme' to be at most its global_concurrency" in said
    assert said.endswith("change or remove PENSTOCK_QUEUE_ACME_USER_CONCURRENCY")


def test_what_is_said_of_a_queue_and_of_its_task_types_has_to_go_together(tmp_path):
    toml = '[queues.acme]\ninitial_interval = "20s"\n[tasks."acme.resize"]\nmax_interval = "1s"\n'

    said = refusal(tmp_path, toml)

    assert "initial_interval of the retry policy of task type 'acme.resize'" in said
    assert 'tasks."acme.resize".max_interval (line 4 of' in said


def test_all_that_is_wrong_is_found_at_once(tmp_path):
    toml = """
    [queues.acm]
    concurrency = 1
    [queues.acme]
    concurrency = "many"
    user_concurrency = 50
    [tasks."acme.resize"]
    max_memory = "1GiB"
    tineout = "1s"
    """
    settings = loaded(tmp_path, toml, QUEUE_ACME_CONCURENCY="1", TASK_ACME_RESIZE_TIMEOUT="soon")

    found = [(plugin, str(fault)) for plugin, fault in faults(settings, CATALOGUE)]

    assert {plugin for plugin, _ in found} == {None}
    expected = [
        "there is no setting PENSTOCK_QUEUE_ACME_CONCURENCY; did you mean PENSTOCK_QUEUE_ACME_CON",
        "there is no queue 'acm'",
        "expected queues.acme.concurrency",
        "there is no setting 'tineout'",
        "expected PENSTOCK_TASK_ACME_RESIZE_TIMEOUT",
        "expected user_concurrency of queue 'acme' to be at most its global_concurrency",
        "max_memory of task type 'acme.resize' would limit nothing",
    ]
    assert len(found) == len(expected)
    for (_, fault), beginning in zip(found, expected, strict=True):
        assert fault.startswith(beginning)
    # A start is refused for the first of them.
    with pytest.raises(SettingsError, match="PENSTOCK_QUEUE_ACME_CONCURENCY"):
        configured(settings, CATALOGUE)
