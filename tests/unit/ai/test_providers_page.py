"""The page on AI providers shows one that works."""

import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from penstock import RateLimitedError
from penstock.plugins import load
from penstock_ai import ModelProvider, Prompt
from penstock_ai.providers.session import opened
from penstock_ai.text import TextInput, text

PAGE = Path(__file__).parents[3] / "docs" / "providers.md"
_, BLOCK = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


class TooManyRequests(Exception):  # noqa: N818  (as SDKs call it)
    status_code = 429

    def __init__(self):
        super().__init__("too many")
        self.headers = {"retry-after": "7"}


class AsyncClient:
    """The SDK that the page makes up."""

    is_busy = False

    def __init__(self, key, *, max_retries):
        assert max_retries == 0

    async def close(self):
        pass

    async def write(self, model, prompt, *, system):
        if self.is_busy:
            raise TooManyRequests
        for word in ("It ", "sleeps."):
            yield SimpleNamespace(text=word, model=model, tokens_in=3, tokens_out=4)


async def _ignore(text):
    """Nobody follows."""


@pytest.fixture
def page(monkeypatch):
    """The page's plugin, and the SDK."""
    module = ModuleType("page_of_providers")
    sdk = ModuleType("acme_sdk")
    sdk.AsyncClient = type("AsyncClient", (AsyncClient,), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "acme_sdk", sdk)
    monkeypatch.setitem(sys.modules, "page_of_providers", module)
    exec(BLOCK, module.__dict__)
    return SimpleNamespace(**vars(module), sdk=sdk.AsyncClient)


def test_it_loads(page):
    entry_point = EntryPoint(name="acme", value="page_of_providers", group="penstock")

    catalogue = load([entry_point])

    assert not catalogue.quarantined
    assert catalogue.installed.providers(ModelProvider) == [page.ACME]


async def test_it_answers_and_its_limits_and_usage_come_for_free(harness, page):
    harness.add_providers(page.ACME)
    harness.settings(page.AcmeSettings(api_key="k", text_model="acme-1"))
    run = harness.begin(text)

    result = await text(TextInput(prompt="x", provider="acme"), run.context)

    assert (result.text, result.model, run.charged) == ("It sleeps.", "acme-1", 7)


async def test_its_errors_are_those_that_penstock_knows(page):
    page.sdk.is_busy = True
    settings = page.AcmeSettings(api_key="k", text_model="acme-1")

    async with opened(page.ACME, settings, instead="a template") as session:
        with pytest.raises(RateLimitedError) as caught:
            await session.complete(Prompt(text="x"), _ignore)

    assert caught.value.retry_after is not None
    assert caught.value.retry_after.total_seconds() == 7
