from typing import Any

import msgspec
import pytest

import penstock_ai
from penstock import TaskType
from penstock.dispatch.needs import Need, need_of
from penstock.plugins.installed import InstalledPlugins
from penstock_ai.code import CodeInput, code
from penstock_ai.document import DocumentInput, document
from penstock_ai.image import ImageInput, image
from penstock_ai.provenance import Provenance
from penstock_ai.providers.builtin import BUILTIN_PROVIDER
from penstock_ai.providers.openai_provider import OPENAI
from penstock_ai.queues import AI, MODEL_TIMEOUT
from penstock_ai.settings import MAX_TIMEOUT_SECONDS, AiSettings
from penstock_ai.text import TextInput, text

INSTALLED = InstalledPlugins(
    settings_of={AiSettings: AiSettings()}, provider_list=(OPENAI, BUILTIN_PROVIDER)
)
TASKS: list[TaskType[Any, Any]] = [text, image, document, code]


def test_the_plugin_declares_its_queue_tasks_and_settings():
    assert penstock_ai.penstock_queues() == [AI]
    assert penstock_ai.penstock_providers() == [OPENAI, BUILTIN_PROVIDER]
    assert penstock_ai.penstock_tasks() == TASKS
    assert penstock_ai.penstock_settings() == [AiSettings]
    assert {each.queue for each in TASKS} == {AI}


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
async def test_examples_succeed_without_any_model_and_say_so(harness, task):
    for example in task.examples:
        result = await task(example, harness.begin(task).context)

        sent = msgspec.to_builtins(result)
        assert sent["provider"] == "builtin"
        assert sent["provider_label"] == "built-in renderer, no AI model"
        assert (sent["model"], sent["is_model_output"]) == (None, False)
        assert (sent["usage"], sent["cost"]) == (None, 0.0)
        assert msgspec.convert(sent, task.output_type) == result


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_every_result_says_where_it_comes_from(task):
    assert issubclass(task.output_type, Provenance)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_task_outlasts_the_longest_call_of_a_model(task):
    assert task.timeout == MODEL_TIMEOUT
    assert MODEL_TIMEOUT.total_seconds() > MAX_TIMEOUT_SECONDS


@pytest.mark.parametrize(
    ("task", "request_", "units"),
    [
        (text, TextInput(prompt="x" * 400, system="y" * 40, max_output_tokens=50), 160),
        (text, TextInput(summarize="x" * 4000), 2000),
        (image, ImageInput(prompt="x" * 400), 1100),
        (document, DocumentInput(prompt="x" * 400), 1100),
        (code, CodeInput(prompt="x" * 400, provider="openai"), 1100),
    ],
)
def test_what_may_ask_a_model_keeps_to_the_limits_of_its_provider(task, request_, units):
    assert need_of(task, request_, known=["openai"], installed=INSTALLED) == Need(
        provider="openai", units=units
    )


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_what_asks_no_model_waits_for_no_provider(task):
    for example in task.examples:
        assert need_of(task, example, known=["openai"], installed=INSTALLED) == Need()
