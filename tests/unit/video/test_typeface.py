import pytest

from penstock_video.storyboard.typeface import Typeface


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("Hello, World! 100 % ~ {x}", "Hello, World! 100 % ~ {x}"),
        ("“it’s” … «ok» ©", "“it’s” … «ok» ©"),  # noqa: RUF001  (typographic quotes have glyphs)
        ("1\u20132 \u2014 3", "1\u20132 \u2014 3"),
        ("Größe, Łódź, 5 € ½ x²", "Größe, Łódź, 5 € ½ x²"),
        ("Cafe\u0301", "Café"),
        ("Привет, Ελλάδα", "Привет, Ελλάδα"),
        ("a\tb\r\nc\u00a0d\u2028e", "a b\nc d e"),
        ("\x00\u200b\u202e\ufe0f\u0301x", "x"),
    ],
)
def test_plain_text_and_punctuation_are_drawn_without_a_warning(text, drawn):
    typeface = Typeface()

    assert typeface.drawable(text) == drawn
    assert typeface.warnings() == []


@pytest.mark.parametrize(
    ("text", "drawn", "named"),
    [
        ("\uff21\uff11", "A1", "'\uff21', '\uff11'"),
        ("\u2167 \u33a1", "VIII m2", "'\u2167', '\u33a1'"),
    ],
)
def test_forms_that_the_font_lacks_are_drawn_as_plain_letters_with_a_warning(text, drawn, named):
    typeface = Typeface()

    assert typeface.drawable(text) == drawn
    assert typeface.warnings() == [
        f"the built-in font lacks {named}: drawn with plain letters instead"
    ]


@pytest.mark.parametrize("text", ["東京", "שלום", "😀", "\ud800", "\uffff"])
def test_other_writing_is_drawn_as_boxes_with_a_warning(text):
    typeface = Typeface()

    assert typeface.drawable(text) == "\ufffd" * len(text)
    (warning,) = typeface.warnings()
    assert repr(text[0]) in warning
    assert "drawn as boxes; leave such characters out" in warning


def test_warnings_name_each_character_once_and_not_too_many():
    typeface = Typeface()

    typeface.drawable("東東" + "".join(chr(0x4E00 + number) for number in range(30)))

    (warning,) = typeface.warnings()
    assert warning.count("'東'") == 1
    assert "and 19 more: drawn" in warning
