import sys

import pytest

from penstock import PermanentError
from penstock_ai.providers.builtin import BuiltinProvider
from penstock_ai.providers.choice import choose_provider
from penstock_ai.providers.provider import PicturePrompt, Prompt
from penstock_ai.settings import AiSettings

KEY = AiSettings(openai_api_key="sk-x")
SERVER = AiSettings(openai_base_url="http://127.0.0.1:9/v1")


@pytest.mark.parametrize(
    ("wanted", "settings", "chosen"),
    [
        (None, AiSettings(), "builtin"),
        (None, KEY, "openai"),
        (None, SERVER, "openai"),
        ("openai", KEY, "openai"),
        ("builtin", KEY, "builtin"),
        ("builtin", AiSettings(), "builtin"),
    ],
)
async def test_the_provider_is_the_one_asked_for_or_else_the_one_configured(
    wanted, settings, chosen
):
    async with choose_provider(wanted, settings, instead="a card") as provider:
        assert provider.name == chosen
        assert provider.is_model is (chosen != "builtin")


async def test_a_provider_that_is_not_configured_names_the_remedy():
    with pytest.raises(
        PermanentError, match="neither OPENAI_API_KEY nor OPENAI_BASE_URL"
    ) as caught:
        async with choose_provider("openai", AiSettings(), instead="a card"):
            pass

    assert caught.value.code == "capability_unavailable"


async def test_a_provider_whose_library_is_not_installed_names_the_remedy(monkeypatch):
    monkeypatch.delitem(sys.modules, "penstock_ai.providers.openai", raising=False)
    monkeypatch.setitem(sys.modules, "openai", None)

    with pytest.raises(PermanentError, match=r"pip install 'penstock-ai\[openai\]'") as caught:
        async with choose_provider(None, KEY, instead="a card"):
            pass

    assert caught.value.code == "capability_unavailable"


async def test_the_builtin_provider_answers_no_prompt():
    async def on_text(text):
        raise AssertionError(text)

    provider = BuiltinProvider(instead="a card")

    with pytest.raises(PermanentError, match="PENSTOCK_AI_OPENAI_TEXT_MODEL"):
        await provider.complete(Prompt(text="x"), on_text)
    with pytest.raises(PermanentError, match="PENSTOCK_AI_OPENAI_IMAGE_MODEL"):
        await provider.draw(PicturePrompt(text="x"))
