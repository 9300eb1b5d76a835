import pytest
from msgspec import Struct

from penstock import DeclarationError, Provider, Queue, task
from penstock.dispatch.errors import InvalidInputError
from penstock.dispatch.needs import Need, need_of
from penstock.plugins import UnknownProviderError
from penstock.plugins.installed import InstalledPlugins

ACME = Queue("acme")
KNOWN = {"openai", "mistral"}


class Prompt(Struct):
    model: str = ""


def need(value=None, **fields):
    @task("acme.ask", queue=ACME, **fields)
    async def ask(prompt: Prompt) -> Prompt:
        return prompt

    return need_of(ask, value or Prompt(), known=KNOWN)


def test_a_task_type_without_provider_needs_none():
    assert need() == Need()


def test_a_constant_is_what_every_task_needs():
    assert need(provider=Provider("openai")) == Need(provider="openai")
    assert need(provider="mistral", units=7) == Need(provider="mistral", units=7)


def test_a_function_tells_it_from_the_input():
    fields = {
        "provider": lambda prompt: prompt.model or None,
        "units": lambda prompt: len(prompt.model),
    }

    assert need(Prompt("openai"), **fields) == Need(provider="openai", units=6)
    assert need(Prompt(), **fields) == Need()


def test_an_estimate_is_no_larger_than_the_ledger_takes():
    assert need(provider="openai", units=lambda _: 10**12).units == 2**31 - 1


def test_a_provider_that_nobody_declares_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownProviderError, match=r"'opnai'.*; did you mean 'openai'\?"):
        need(provider=lambda _: "opnai")
    with pytest.raises(UnknownProviderError, match="known are 'mistral', 'openai'"):
        need(provider=lambda _: "x")


@pytest.mark.parametrize(
    "fields",
    [
        {"provider": lambda _: 5},
        {"provider": "openai", "units": lambda _: 0},
        {"provider": "openai", "units": lambda _: True},
        {"provider": "openai", "units": lambda _: 1.5},
    ],
)
def test_a_function_that_returns_something_else_is_named(fields):
    with pytest.raises(DeclarationError, match=r"of task type 'acme\.ask' to return .*, got "):
        need(**fields)


def test_a_function_with_a_second_parameter_sees_what_is_installed():
    class Settings(Struct):
        wanted: str = "mistral"

    installed = InstalledPlugins(
        settings_of={Settings: Settings()},
        provider_list=(Provider("openai"), Provider("mistral")),
    )

    @task(
        "acme.ask",
        queue=ACME,
        provider=lambda prompt, there: next(
            each
            for each in there.providers(Provider)
            if each.name == (prompt.model or there.settings(Settings).wanted)
        ),
    )
    async def ask(prompt: Prompt) -> Prompt:
        return prompt

    assert need_of(ask, Prompt(), known=KNOWN, installed=installed) == Need(provider="mistral")
    assert need_of(ask, Prompt("openai"), known=KNOWN, installed=installed).provider == "openai"


def test_a_function_says_what_is_wrong_with_the_input_by_a_value_error():
    def choose(prompt):
        raise ValueError(f"expected another model than {prompt.model!r}")

    with pytest.raises(InvalidInputError, match="another model than 'x'"):
        need(Prompt("x"), provider=choose)
