import pytest

from penstock import PermanentError
from penstock_upload.description import TextDetails


@pytest.mark.parametrize(
    ("data", "lines", "characters"),
    [
        ("one", 1, 3),
        ("one\n", 1, 4),
        ("one\ntwo", 2, 7),
        ("\n\n", 2, 2),
        ("ü\r\n漢字\r\n", 2, 7),
        ("\ufeffone", 1, 3),
        ("\x1b[31mlog\x1b[0m\f\n", 1, 14),
        ("<svg onload='alert(1)'/>", 1, 24),
        ("BMW and GIF and %PDF", 1, 20),
    ],
)
def test_a_text_is_counted(inspect, data, lines, characters):
    found = inspect(data.encode())

    assert found.details == TextDetails(
        lines=lines, characters=characters, excerpt=data.removeprefix("\ufeff")
    )
    assert (found.kind, found.content_type, found.extension) == ("text", "text/plain", "txt")


def test_characters_that_fall_between_two_reads_are_whole(inspect):
    text = "a" + "漢" * 300_000

    assert inspect(text.encode()).details.characters == 300_001


def test_the_excerpt_is_short_and_the_rest_is_counted(inspect):
    details = inspect(b"0123456789" * 100_000).details

    assert details.excerpt == "0123456789" * 200
    assert details.characters == 1_000_000


@pytest.mark.parametrize("data", [b'{"a": 1}', b" [1, 2]\n", b"[]"])
def test_json_is_recognised(inspect, data):
    found = inspect(data)

    assert (found.content_type, found.extension) == ("application/json", "json")


@pytest.mark.parametrize("data", [b'{"a": 1', b"5", b"[" * 100_000, b"[x]"])
def test_what_only_starts_like_json_is_plain_text(inspect, data):
    assert inspect(data).content_type == "text/plain"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"text\0text", "data of no known type, which starts with the bytes 74 65 78 74 00 74"),
        (b"text\x01", "data of no known type"),
        (b"x" * 1_000_000 + b"\xff", "data of no known type"),
        ("Grüße".encode("latin-1"), "data of no known type"),
        ("text".encode("utf-16"), "text in UTF-16"),
        ("ü".encode()[:1], "data of no known type"),
    ],
)
def test_what_is_no_utf8_text_is_refused(inspect, data, found):
    with pytest.raises(PermanentError) as caught:
        inspect(data)

    assert caught.value.code == "unsupported_type"
    assert found in str(caught.value)
