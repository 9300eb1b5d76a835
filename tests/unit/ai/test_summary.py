import time

import pytest

from penstock_ai.summary import split, summarise

BEES = (
    "Bees are insects known for pollination. A hive may hold fifty thousand of them. The weather "
    "was nice on Tuesday. Pollination by bees feeds a third of the world, and bees are dying. My "
    "uncle has a car. Without pollination by insects, many plants could not make fruit."
)


def test_the_sentence_that_shares_most_words_with_the_others_comes_first():
    assert summarise(BEES, 1) == (
        "Pollination by bees feeds a third of the world, and bees are dying."
    )


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_it_gives_as_many_unchanged_sentences_as_asked_for_in_their_order(count):
    sentences = split(BEES)

    chosen = split(summarise(BEES, count))

    assert len(chosen) == count
    assert [sentences.index(each) for each in chosen] == sorted(map(sentences.index, chosen))


def test_what_has_nothing_to_do_with_the_rest_is_left_out():
    chosen = summarise(BEES, 3)

    assert "uncle" not in chosen
    assert "weather" not in chosen


def test_it_does_not_say_the_same_twice():
    same = "The river floods the town in spring. "
    text = f"{same * 3}The town builds walls of stone. Walls of stone hold the river. Cats sleep."

    assert summarise(text, 2).count("floods") == 1


def test_a_text_with_too_few_sentences_is_given_whole():
    assert summarise("One.  Two.\n", 5) == "One. Two."
    assert summarise("no end", 1) == "no end"
    assert summarise("  ", 3) == ""


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("He came. She saw! Who?", ["He came.", "She saw!", "Who?"]),
        ("J. Smith came, e.g. today. He saw.", ["J. Smith came, e.g. today.", "He saw."]),
        ('"Stop." He did.', ['"Stop."', "He did."]),
        ("Version 3.11 is out. It is fast.", ["Version 3.11 is out.", "It is fast."]),
        ("A heading\n\nThe text\nof it.", ["A heading", "The text of it."]),
        ("漢字です。次の文。", ["漢字です。", "次の文。"]),
        ("Größe zählt. Ñandú corre… Конец.", ["Größe zählt.", "Ñandú corre…", "Конец."]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text, sentences):
    assert split(text) == sentences


def test_scripts_without_spaces_are_summarised_too():
    text = "火曜日は晴れた。蜂は花粉を運ぶ。花粉を運ぶ蜂は世界を養う。車がある。"

    assert summarise(text, 2) == "蜂は花粉を運ぶ。花粉を運ぶ蜂は世界を養う。"


@pytest.mark.parametrize(
    "text",
    ["a. b " * 100_000, "word " * 100_000, ". " * 250_000, "\n" * 500_000, "Ab cd. " * 70_000],
    ids=["initials", "no end", "no words", "no text", "sentences"],
)
def test_the_time_grows_no_faster_than_the_text(text):
    def seconds(length: int) -> float:
        started = time.process_time()
        summarise(text[:length], 20)
        return time.process_time() - started

    # Four times as long; with the square it would be sixteen times.
    assert min(seconds(200_000) for _ in range(2)) < 9 * max(seconds(50_000), 0.05)
