"""A secret is a text that shows itself to nobody by accident."""

from typing import Annotated, Literal

import msgspec
import pytest

from penstock import Secret
from penstock.declarations.secret import hide_secrets, reveal


class Acme(msgspec.Struct, frozen=True, kw_only=True):
    key: Secret | None = None
    described: Annotated[Secret, msgspec.Meta(description="Another one.")] = "default-s3cret"
    marked: Annotated[Literal["hunter2"], msgspec.Meta(extra={"secret": True})] = "hunter2"
    model: str = "m-1"


def test_the_settings_of_a_plugin_do_not_show_it():
    settings = hide_secrets(Acme(key="s3cret"))

    for shown in (repr(settings), f"{settings}", f"{settings!r}", repr([settings.key])):
        assert "s3cret" not in shown
        assert "hunter2" not in shown
    assert repr(settings) == "Acme(key='***', described='***', marked='***', model='m-1')"


def test_to_the_handler_it_is_the_text():
    key = hide_secrets(Acme(key="s3cret")).key

    assert isinstance(key, str)
    assert (f"Bearer {key}", key == "s3cret", len(key)) == ("Bearer s3cret", True, 6)


def test_what_is_not_set_stays_so():
    assert hide_secrets(Acme()).key is None


def test_it_is_encoded_only_by_who_means_to():
    settings = hide_secrets(Acme(key="s3cret"))

    with pytest.raises(TypeError):
        msgspec.json.encode(settings)
    assert msgspec.json.decode(msgspec.json.encode(settings, enc_hook=reveal))["key"] == "s3cret"
    with pytest.raises(TypeError):
        msgspec.json.encode({"other": object()}, enc_hook=reveal)
