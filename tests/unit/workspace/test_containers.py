"""docker-compose.yml and the Dockerfile, as far as they can be checked without Docker."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml  # type: ignore[import-untyped]

from penstock.plugins import discover, load
from penstock.settings import Settings
from tests.command_line import parse

ROOT = Path(__file__).parents[3]
FILE = ROOT / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: each for name, each in SERVICES.items() if each["image"].startswith("penstock")}


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text()
    lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    return [
        (word, " ".join(rest.split())) for word, _, rest in (x.partition(" ") for x in lines if x)
    ]


def test_the_compose_file_is_valid_by_the_schema_of_compose():
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*check, str(FILE)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", OURS)
def test_each_command_is_one_that_the_command_line_takes(name):
    context = parse(OURS[name]["command"])

    assert context.command_path.removeprefix("penstock ") in {"api", "worker", "db upgrade"}


def test_a_command_that_does_not_exist_would_be_noticed():
    with pytest.raises(click.UsageError):
        parse(["worker", "--queue", "ai"])
    with pytest.raises(click.UsageError):
        parse(["db", "upgrad"])


def test_each_installed_queue_has_one_worker_service():
    served = [
        queue
        for service in OURS.values()
        if service["command"][0] == "worker"
        for queue in parse(service["command"]).params["queues"]
    ]

    assert sorted(served) == sorted(load(discover()).queues)


@pytest.mark.parametrize("name", OURS)
def test_each_environment_is_one_that_the_settings_take(name, tmp_path):
    environment = {**image_environment(), **OURS[name]["environment"]}

    settings = Settings.load({**environment, "PENSTOCK_API_KEY": "k"}, tmp_path)

    settings.require_access()
    for url, service in ((settings.redis_url, "redis"), (settings.database_url, "postgres")):
        assert url is not None
        assert f"{service}:" in url
        assert service in SERVICES
    assert str(settings.data_dir) in {each.split(":")[1] for each in OURS[name]["volumes"]}


def test_the_database_is_the_one_that_the_services_are_told(tmp_path):
    made = SERVICES["postgres"]["environment"]
    url = OURS["api"]["environment"]["DATABASE_URL"]

    assert url == (
        f"postgresql://{made['POSTGRES_USER']}:{made['POSTGRES_PASSWORD']}"
        f"@postgres:5432/{made['POSTGRES_DB']}"
    )


def test_the_image_is_built_once_before_anything_that_uses_it():
    assert [name for name, service in OURS.items() if "build" in service] == ["migrate"]
    assert {service["pull_policy"] for name, service in OURS.items() if name != "migrate"} == {
        "never"
    }


def test_redis_keeps_what_it_holds_and_never_evicts():
    command = shlex.join(SERVICES["redis"]["command"])

    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


@pytest.mark.parametrize("name", sorted(OURS.keys() - {"migrate"}))
def test_nothing_starts_before_the_tables_are_there(name):
    assert OURS[name]["depends_on"] == {
        "redis": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }


def test_running_tasks_get_the_time_that_the_settings_promise(tmp_path):
    drain = Settings.load({}, tmp_path).drain.total_seconds()

    for service in OURS.values():
        assert int(service["stop_grace_period"].removesuffix("s")) > drain


def image_environment() -> dict[str, str]:
    (text,) = [rest for word, rest in instructions() if word == "ENV"]
    found = dict(each.split("=", 1) for each in shlex.split(text))
    return {name: value for name, value in found.items() if name.startswith("PENSTOCK_")}


def test_the_image_copies_only_what_is_there_and_what_its_context_lets_in():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            source = rest.split()[0]
            assert (ROOT / source).is_dir()
            assert f"!{source}" in ignored


def test_the_image_runs_a_command_of_ours_without_a_shell_and_not_as_root():
    found = dict(instructions())

    (program,), default = json.loads(found["ENTRYPOINT"]), json.loads(found["CMD"])
    assert program == "penstock"
    assert parse(default).command_path == "penstock api"
    assert found["USER"] == "10001:10001"


def test_the_image_installs_nothing_that_is_not_pinned():
    installs = [rest for word, rest in instructions() if word == "RUN" and "pip install" in rest]

    assert installs
    for each in installs:
        assert "--require-hashes" in each or "--no-index" in each
