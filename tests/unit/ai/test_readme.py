import json
import re
from pathlib import Path

import msgspec
import pytest

import penstock_ai
from penstock_ai.settings import AiSettings

README = (Path(penstock_ai.__file__).parents[1] / "README.md").read_text()


def requests():
    decoder = json.JSONDecoder()
    found = []
    for block in re.findall(r"```json\n(.*?)```", README, re.DOTALL):
        rest = block.strip()
        while rest:
            request, end = decoder.raw_decode(rest)
            found.append(request)
            rest = rest[end:].strip()
    return found


@pytest.mark.parametrize("request_", requests(), ids=lambda request: request["type"])
def test_the_readmes_requests_are_accepted(request_):
    (task,) = (each for each in penstock_ai.penstock_tasks() if each.name == request_["type"])

    assert request_.keys() == {"type", "input"}
    assert msgspec.convert(request_["input"], task.input_type)


def test_the_readme_has_a_request_of_every_task_type():
    assert {each["type"] for each in requests()} == {
        task.name for task in penstock_ai.penstock_tasks()
    }


def test_the_readme_names_every_setting():
    for field in msgspec.structs.fields(AiSettings):
        own = f"PENSTOCK_AI_{field.name.upper()}"
        assert own in README or field.name.upper() in README
