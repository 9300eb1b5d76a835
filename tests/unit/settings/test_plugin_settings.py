from typing import Annotated, Literal

import msgspec
import pytest

from penstock import Secret
from penstock.settings import Given, Settings, SettingsError, plugin_settings


class Acme(msgspec.Struct, frozen=True, kw_only=True):
    model: Annotated[str | None, msgspec.Meta(description="Which model.")] = None
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    retries: int = 3
    key: Annotated[str | None, msgspec.Meta(extra={"variable": "ACME_KEY", "secret": True})] = None


class Nothing(msgspec.Struct, frozen=True):
    pass


def read(**variables):
    return plugin_settings.read("acme", Acme, Given.of(variables), distribution="penstock-acme 1.2")


def named(*variables):
    return Given.of(dict.fromkeys(variables, "x"))


def test_what_nobody_sets_keeps_its_default():
    assert read() == Acme()


def test_variables_are_named_after_plugin_and_field_and_converted():
    assert read(
        PENSTOCK_ACME_MODEL="m-1", PENSTOCK_ACME_TIMEOUT_SECONDS="2.5", PENSTOCK_ACME_RETRIES="0"
    ) == Acme(model="m-1", timeout_seconds=2.5, retries=0)


def test_a_field_may_be_read_from_a_variable_of_another_name():
    assert read(ACME_KEY="s3cret").key == "s3cret"
    assert read(PENSTOCK_ACME_KEY="s3cret").key is None


def test_a_plugin_name_with_a_hyphen_makes_a_variable_with_an_underscore():
    found = plugin_settings.read("acme-two", Acme, Given.of({"PENSTOCK_ACME_TWO_MODEL": "m"}))

    assert found.model == "m"


def test_a_value_that_does_not_fit_is_named_with_what_is_expected():
    with pytest.raises(SettingsError) as caught:
        read(PENSTOCK_ACME_TIMEOUT_SECONDS="-1")

    assert str(caught.value) == (
        "expected PENSTOCK_ACME_TIMEOUT_SECONDS (of plugin 'acme', penstock-acme 1.2) to be a "
        "number above 0.0, got '-1'; correct it, or remove it for the default, 10"
    )


def test_what_is_expected_is_said_in_words():
    with pytest.raises(SettingsError) as caught:
        read(PENSTOCK_ACME_RETRIES="soon")

    assert str(caught.value).endswith(
        "to be a whole number, got 'soon'; correct it, or remove it for the default, 3"
    )


def test_a_secret_that_does_not_fit_is_not_shown():
    class Strict(msgspec.Struct, frozen=True):
        key: Annotated[
            str, msgspec.Meta(min_length=99, extra={"secret": True, "variable": "K"})
        ] = "x"

    with pytest.raises(SettingsError) as caught:
        plugin_settings.read("acme", Strict, Given.of({"K": "hunter2"}))

    assert "hunter2" not in str(caught.value)
    assert "expected K (of plugin 'acme')" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("PENSTOCK_ACME_MODELL", "did you mean PENSTOCK_ACME_MODEL?"),
        ("PENSTOCK_ACME_COLOUR", "its settings are PENSTOCK_ACME_MODEL,"),
        ("PENSTOCK_IDLE_SPEED", "remove it: this plugin has no settings"),
    ],
)
def test_an_unknown_variable_of_a_plugin_is_refused(name, told):
    with pytest.raises(SettingsError) as caught:
        plugin_settings.refuse_unknown({"acme": [Acme], "idle": []}, named(name))

    assert name in str(caught.value)
    assert told in str(caught.value)


def test_the_variables_of_a_plugin_that_is_quarantined_stop_nothing():
    plugins = {"acme": [Acme], "acme-more": None}

    plugin_settings.refuse_unknown(plugins, named("PENSTOCK_ACME_MORE_SPEED"))
    with pytest.raises(SettingsError, match="plugin 'acme' has no setting PENSTOCK_ACME_SPEED"):
        plugin_settings.refuse_unknown(plugins, named("PENSTOCK_ACME_SPEED"))


def test_a_variable_belongs_to_the_plugin_with_the_longest_name():
    plugins = {"acme": [], "acme-more": [Acme]}

    with pytest.raises(SettingsError, match="did you mean PENSTOCK_ACME_MORE_MODEL"):
        plugin_settings.refuse_unknown(plugins, named("PENSTOCK_ACME_MORE_MODELL"))


class Renamed(msgspec.Struct, frozen=True, rename="camel"):
    max_pixels: int = 1
    key: Annotated[str, msgspec.Meta(extra={"variable": "ACME_KEY", "secret": True})] | None = None
    quality: Literal["low", "high"] = "low"
    secret_quality: Annotated[Literal["a"], msgspec.Meta(extra={"secret": True})] = "a"


def test_a_struct_that_renames_its_fields_is_filled_all_the_same():
    found = plugin_settings.read(
        "acme", Renamed, Given.of({"PENSTOCK_ACME_MAX_PIXELS": "5", "ACME_KEY": "s"})
    )

    assert (found.max_pixels, found.key) == (5, "s")
    assert [knob.secret for knob in plugin_settings.knobs("acme", Renamed)] == [
        False,
        True,
        False,
        True,
    ]


def test_choices_are_named_and_a_secret_is_not():
    with pytest.raises(SettingsError, match="to be one of high, low, got 'medium'"):
        plugin_settings.read("acme", Renamed, Given.of({"PENSTOCK_ACME_QUALITY": "medium"}))
    with pytest.raises(SettingsError) as caught:
        plugin_settings.read("acme", Renamed, Given.of({"PENSTOCK_ACME_SECRET_QUALITY": "hunter2"}))
    assert "hunter2" not in str(caught.value)


class Range(msgspec.Struct, frozen=True):
    low: int = 1
    high: int = 10

    def __post_init__(self):
        if self.low > self.high:
            raise ValueError("expected low to be at most high")


def test_values_are_checked_together_and_not_against_each_others_defaults():
    variables = {"PENSTOCK_ACME_LOW": "50", "PENSTOCK_ACME_HIGH": "100"}
    assert plugin_settings.read("acme", Range, Given.of(variables)) == Range(50, 100)

    variables = {"PENSTOCK_ACME_LOW": "8", "PENSTOCK_ACME_HIGH": "5"}
    with pytest.raises(SettingsError, match=r"PENSTOCK_ACME_LOW, PENSTOCK_ACME_HIGH.*at most high"):
        plugin_settings.read("acme", Range, Given.of(variables))


class Telling(msgspec.Struct, frozen=True):
    key: Secret = "x"

    def __post_init__(self):
        if self.key != "x":
            raise ValueError(f"{self.key} is no key")


def test_a_plugin_that_quotes_a_secret_is_not_passed_on():
    with pytest.raises(SettingsError, match=r"\*\*\* is no key") as caught:
        plugin_settings.read("acme", Telling, Given.of({"PENSTOCK_ACME_KEY": "hunter2"}))
    assert "hunter2" not in str(caught.value)


def test_known_variables_are_not_refused():
    known = ["PENSTOCK_ACME_MODEL", "PENSTOCK_API_KEY", "ACME_KEY", "PATH"]

    plugin_settings.refuse_unknown({"acme": [Acme], "api": [Nothing]}, named(*known))


def test_the_variables_of_installed_plugins_are_left_to_them(tmp_path):
    environ = {"PENSTOCK_ACME_MODEL": "m"}

    settings = Settings.load(environ, tmp_path, plugins=["acme"])

    assert [*settings.given.names()] == ["PENSTOCK_ACME_MODEL"]
    with pytest.raises(SettingsError, match="there is no setting PENSTOCK_ACME_MODEL"):
        Settings.load(environ, tmp_path)


def test_the_file_is_read_for_plugins_too_and_nothing_of_it_is_shown(tmp_path):
    (tmp_path / ".env.local").write_text("OPENAI_API_KEY=s3cret\nPENSTOCK_ACME_MODEL=m\n")

    settings = Settings.load({}, tmp_path, plugins=["acme"])

    assert plugin_settings.read("acme", Acme, settings.given).model == "m"
    assert "OPENAI_API_KEY" in settings.given.names()
    assert "s3cret" not in repr(settings)


class Switches(msgspec.Struct, frozen=True):
    on: bool = False
    maybe: bool | None = None
    either: bool | int = False


@pytest.mark.parametrize(("text", "value"), [("true", True), ("tRuE", True), ("FALSE", False)])
def test_a_boolean_is_said_as_that_of_a_setting_of_penstock_itself(text, value):
    variables = {"PENSTOCK_ACME_ON": text, "PENSTOCK_ACME_MAYBE": text}

    found = plugin_settings.read("acme", Switches, Given.of(variables))

    assert (found.on, found.maybe) == (value, value)


@pytest.mark.parametrize("text", ["1", "0", "yes", "null"])
def test_nothing_else_is_a_boolean(text):
    with pytest.raises(SettingsError, match=r"PENSTOCK_ACME_ON .* to be true or false, got"):
        plugin_settings.read("acme", Switches, Given.of({"PENSTOCK_ACME_ON": text}))


def test_a_field_that_takes_more_than_a_boolean_takes_it():
    variables = {"PENSTOCK_ACME_EITHER": "7", "PENSTOCK_ACME_MAYBE": "null"}

    found = plugin_settings.read("acme", Switches, Given.of(variables))

    assert (found.either, found.maybe) == (7, None)


def test_what_a_struct_raises_names_plugin_variable_and_remedy_and_no_secret() -> None:
    class Region(msgspec.Struct, frozen=True):
        region: str = "eu"
        key: Annotated[str, msgspec.Meta(extra={"secret": True})] = ""

        def __post_init__(self) -> None:
            if self.region != "eu":
                raise KeyError(self.region, self.key)

    given = Given.of({"PENSTOCK_ACME_REGION": "us", "PENSTOCK_ACME_KEY": "hunter\\2"})
    with pytest.raises(SettingsError) as caught:
        plugin_settings.read("acme", Region, given, distribution="penstock-acme 1.2")

    said = str(caught.value)
    assert "the settings of plugin 'acme', penstock-acme 1.2 do not go together" in said
    assert "PENSTOCK_ACME_REGION" in said
    assert "KeyError('us', '***')" in said
    assert "correct them, or remove them" in said
