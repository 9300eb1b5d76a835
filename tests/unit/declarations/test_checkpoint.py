"""Values that are kept as JSON, and read again, perhaps by a newer version of a plugin."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec import Struct

from penstock import DeclarationError, PermanentError
from penstock.declarations import checkpoint


class Operation(Struct):
    id: str
    polls: int = 0


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (Operation("op-1", 2), Operation),
        ([1, 2], list[int]),
        ({"a": None}, dict[str, Any]),
        ("text \0 with all", str),
        (timedelta(minutes=2), timedelta),
        (None, None),
    ],
)
def test_what_was_kept_comes_back(value: Any, kind: Any) -> None:
    assert checkpoint.decode("x", checkpoint.encode("x", value), kind) == value


@pytest.mark.parametrize("name", ["", "Operation", "1st", "a b", "a" * 64, None])
def test_a_name_follows_the_rule_of_names(name: Any) -> None:
    with pytest.raises(
        DeclarationError, match="the name of a checkpoint to be a lower-case letter"
    ):
        checkpoint.encode(name, 1)


@pytest.mark.parametrize("value", [object(), "\ud800", {1: object()}, print])
def test_a_value_without_a_json_form_is_a_permanent_error(value: Any) -> None:
    with pytest.raises(
        PermanentError, match="expected checkpoint 'x' to have a JSON form"
    ) as caught:
        checkpoint.encode("x", value)

    assert caught.value.code == "checkpoint_not_storable"


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ('{"id": 1}', Operation, "(at $.id)"),
        ("{}", Operation, "(at $)"),
        ("5", str, "(at $)"),
        ('[{"id": "a"}, {"id": "b", "polls": "c"}]', list[Operation], "(at $[1].polls)"),
    ],
)
def test_what_no_longer_fits_is_a_permanent_error_that_names_the_place(
    text: str, kind: Any, place: str
) -> None:
    with pytest.raises(PermanentError, match="'operation' to be of type") as caught:
        checkpoint.decode("operation", text, kind)

    assert caught.value.code == "checkpoint_incompatible"
    assert place in str(caught.value)


class Download(Struct):
    path: str


def test_a_type_without_a_json_form_is_refused() -> None:
    ambiguous: Any = Operation | Download

    with pytest.raises(DeclarationError, match="the type of checkpoint 'x'"):
        checkpoint.decode("x", "{}", ambiguous)
