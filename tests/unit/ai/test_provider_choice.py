"""Which provider answers: the one that is named, the one of the model, or the operator's."""

import sys
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from penstock import DeclarationError, PermanentError
from penstock.plugins.installed import InstalledPlugins
from penstock_ai import Capability, Completion, Model, ModelClient, ModelProvider, Usage
from penstock_ai.image import ImageInput, image
from penstock_ai.providers.builtin import BUILTIN_PROVIDER
from penstock_ai.providers.choice import choose
from penstock_ai.providers.openai_provider import OPENAI
from penstock_ai.providers.session import opened
from penstock_ai.settings import AiSettings
from penstock_ai.text import TextInput, text


class AcmeSettings(msgspec.Struct, frozen=True):
    api_key: str | None = None


class AcmeClient(ModelClient):
    async def complete(self, prompt, on_text):
        await on_text(f"{prompt.model}: ")
        usage = Usage(input_tokens=1, output_tokens=2)
        return Completion(text=f"{prompt.model}: {prompt.text}", model=prompt.model, usage=usage)


ACME = ModelProvider(
    "acme",
    label="Acme",
    settings=AcmeSettings,
    connect=lambda settings: AcmeClient(),
    is_configured=lambda settings: settings.api_key is not None,
    setup="set ACME_API_KEY",
    text_model=lambda settings: "acme-1",
    models=(Model("acme-1"), Model("acme-2")),
)
PROVIDERS = (OPENAI, BUILTIN_PROVIDER, ACME)


def installed(**settings):
    found: dict[type[Any], Any] = {AiSettings: AiSettings(**settings), AcmeSettings: AcmeSettings()}
    return InstalledPlugins(settings_of=found, provider_list=PROVIDERS)


@pytest.fixture
def begin(harness):
    """Begin a run in an installation that has this provider too, with the settings given."""
    harness.add_providers(ACME)

    def begin(task, *settings):
        harness.settings(*settings)
        return harness.begin(task)

    return begin


@pytest.mark.parametrize(
    ("fields", "settings", "chosen"),
    [
        ({}, {}, "openai"),
        ({"provider": "builtin"}, {}, "builtin"),
        ({"provider": "acme"}, {}, "acme"),
        ({"model": "acme-2"}, {}, "acme"),
        ({"model": "gpt-x"}, {}, "openai"),
        ({"model": "gpt-x"}, {"text_provider": "acme"}, "acme"),
        ({"provider": "openai", "model": "acme-2"}, {}, "openai"),
        ({}, {"text_provider": "acme"}, "acme"),
        ({}, {"text_provider": "builtin"}, "builtin"),
        ({}, {"image_provider": "builtin"}, "openai"),
    ],
)
def test_a_name_counts_more_than_a_model_and_a_model_more_than_the_default(
    fields, settings, chosen
):
    request = TextInput(prompt="x", **fields)

    assert choose(request, Capability.TEXT, installed(**settings)).name == chosen


def test_what_was_chosen_when_the_task_was_submitted_stays():
    there = installed(text_provider="openai")

    assert choose(TextInput(prompt="x"), Capability.TEXT, there, told="acme").name == "acme"


@pytest.mark.parametrize(
    ("request_", "settings", "message"),
    [
        (TextInput(prompt="x", provider="acmee"), {}, "got 'acmee'; did you mean 'acme'[?]"),
        (TextInput(prompt="x", provider="q"), {}, "there are 'acme', 'builtin', 'openai'"),
        (TextInput(prompt="x"), {"text_provider": "opnai"}, "PENSTOCK_AI_TEXT_PROVIDER .*'openai'"),
    ],
)
def test_a_provider_that_nobody_brings_is_refused_with_those_that_there_are(
    request_, settings, message
):
    with pytest.raises(ValueError, match=message):
        choose(request_, Capability.TEXT, installed(**settings))


def test_a_provider_that_cannot_do_it_is_refused_with_those_that_can():
    with pytest.raises(ValueError, match=r"answers with image, got 'acme' \(Acme\).* 'openai'"):
        choose(ImageInput(prompt="x", provider="acme"), Capability.IMAGE, installed())


def test_a_model_that_cannot_do_it_is_refused_with_those_that_can():
    able = replace(
        ACME,
        image_model=lambda settings: None,
        models=(Model("acme-1"), Model("acme-draw", {Capability.IMAGE})),
    )
    there = InstalledPlugins(provider_list=(able,))

    with pytest.raises(ValueError, match="got 'acme-1'; those that do are 'acme-draw'"):
        choose(ImageInput(prompt="x", model="acme-1"), Capability.IMAGE, there)


async def test_the_provider_of_another_plugin_answers_the_tasks_of_this_one(begin):
    run = begin(text, AcmeSettings(api_key="k"))

    result = await text(TextInput(prompt="Hello", model="acme-2"), run.context)

    assert (result.text, result.provider, result.model) == ("acme-2: Hello", "acme", "acme-2")
    assert (result.provider_label, result.is_model_output) == ("Acme", True)
    assert run.charged == 3
    assert run.text == "acme-2: "


async def test_a_summary_is_the_models_where_the_operator_has_set_one_up(begin):
    ours = "Bees are insects. " * 3
    request = TextInput(summarize=ours)
    chosen = AiSettings(text_provider="acme")

    by_model = await text(request, begin(text, chosen, AcmeSettings(api_key="k")).context)
    without = await text(request, begin(text, chosen, AcmeSettings()).context)

    assert (by_model.provider, without.provider) == ("acme", "builtin")


async def test_a_provider_that_is_not_configured_names_the_remedy(begin):
    with pytest.raises(PermanentError, match="set OPENAI_API_KEY, or OPENAI_BASE_URL") as caught:
        await text(TextInput(prompt="x"), begin(text).context)
    assert caught.value.code == "capability_unavailable"
    with pytest.raises(PermanentError, match="set ACME_API_KEY, or send a 'template'"):
        await text(TextInput(prompt="x", provider="acme"), begin(text, AcmeSettings()).context)


async def test_a_provider_whose_library_is_not_installed_names_the_remedy(monkeypatch):
    monkeypatch.delitem(sys.modules, "penstock_ai.providers.openai", raising=False)
    monkeypatch.setitem(sys.modules, "openai", None)

    with pytest.raises(PermanentError, match=r"pip install 'penstock-ai\[openai\]'") as caught:
        async with opened(OPENAI, AiSettings(openai_api_key="sk-x"), instead="a card"):
            pass

    assert caught.value.code == "capability_unavailable"


async def test_the_builtin_provider_answers_no_prompt(begin):
    run = begin(text)
    with pytest.raises(PermanentError, match="PENSTOCK_AI_OPENAI_TEXT_MODEL") as caught:
        await text(TextInput(prompt="x", provider="builtin"), run.context)
    assert caught.value.code == "capability_unavailable"

    with pytest.raises(PermanentError, match="send a 'card' or a 'chart', which needs no model"):
        await image(ImageInput(prompt="x", provider="builtin"), begin(image).context)


def test_what_a_model_is_said_to_do_its_provider_can():
    with pytest.raises(
        DeclarationError, match="'acme-draw' of provider 'acme' is said to do image"
    ):
        replace(ACME, models=(Model("acme-draw", {Capability.IMAGE}),))
    with pytest.raises(DeclarationError, match="has model 'acme-1' twice"):
        replace(ACME, models=(Model("acme-1"), Model("acme-1")))
