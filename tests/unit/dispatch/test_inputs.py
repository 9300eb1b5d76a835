"""Reading a task's input: what is refused, and where the fault is said to be."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from penstock import Queue, task
from penstock.dispatch import InvalidInputError, inputs

MAX_DEPTH = 64


class Size(Struct):
    width: int


class Resize(Struct):
    source: str
    sizes: list[Size] = []


@task("acme.resize", queue=Queue("acme"))
async def resize(image: Resize) -> Resize:
    return image


def refusal(text: bytes | str) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        inputs.decode(resize, text)
    return caught.value


def test_an_input_that_fits_is_decoded() -> None:
    assert inputs.decode(resize, b'{"source":"cat","sizes":[{"width":3}]}') == Resize(
        "cat", [Size(3)]
    )


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("{}", "$", "missing required field `source`"),
        ('{"source":5}', "$.source", "Expected `str`, got `int`"),
        (
            '{"source":"a","sizes":[{"width":1},{"width":"x"}]}',
            "$.sizes[1].width",
            "Expected `int`",
        ),
        ('{"source":', "$", "Input data was truncated"),
        ("", "$", "Input data was truncated"),
        ('"cat"', "$", "Expected `object`, got `str`"),
        ('{"source":"a\\u0000b"}', "$", "NUL character"),
        ('{"source":"\\\\\\u0000"}', "$", "NUL character"),
        (b'{"source":"cat","other":"\xff"}', "$", "not valid UTF-8"),
        ('{"source":"cat","other":"\ud800"}', "$", "not valid UTF-8"),
    ],
)
def test_a_fault_is_named_with_its_place(text: bytes | str, path: str, message: str) -> None:
    error = refusal(text)
    assert error.path == path
    assert message in error.message


def test_a_backslash_before_u0000_is_only_text() -> None:
    assert inputs.decode(resize, '{"source":"a\\\\u0000b"}').source == "a\\u0000b"


@pytest.mark.parametrize("bracket", ["[]", "{}"])
def test_nesting_is_bounded(bracket: str) -> None:
    opening = "[" if bracket == "[]" else '{"a":'
    closing = bracket[1]

    def nested(depth: int) -> str:
        inner = "0" if bracket == "{}" else ""
        return f'{{"source":"cat","other":{opening * depth}{inner}{closing * depth}}}'

    assert inputs.decode(resize, nested(MAX_DEPTH - 1)).source == "cat"
    assert "nested deeper than 64 levels" in refusal(nested(MAX_DEPTH)).message
    assert "nested deeper than 64 levels" in refusal(nested(200_000)).message


@given(text=st.text(alphabet='[]{}"\\a', max_size=8).map(lambda text: text * 100))
def test_brackets_and_quotes_inside_of_strings_are_text(text: str) -> None:
    assert inputs.decode(resize, json.dumps({"source": text})) == Resize(text)


@pytest.mark.parametrize("user_id", ["a" * 256, "a\0b", "a\ud800"])
def test_a_user_id_that_not_every_database_takes_is_refused(user_id: str) -> None:
    with pytest.raises(InvalidInputError, match=r"\(at user_id\)"):
        inputs.check_user_id(user_id)
    inputs.check_user_id("ü" * 255)
