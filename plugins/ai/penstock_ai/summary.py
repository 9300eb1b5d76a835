"""Extractive summaries: the sentences of a text that say most of what the others say.

No model and no list of words: the same algorithm for every language. A word weighs more the more
often it occurs and the fewer sentences it occurs in (tf-isf, Larocca Neto et al., "Document
clustering and text summarization", 2000), a sentence as much as its words, and the beginning of a
text a little more (Edmundson, "New methods in automatic extracting", 1969). What a chosen sentence
has said counts for less from then on (SumBasic, Nenkova and Vanderwende, 2005).

It copies and never rephrases, and it finds the ends of sentences by their punctuation, so an
abbreviation may look like one.
"""

import math
import re
from collections import Counter

_END = re.compile(r"(?<=[.!?…])[\"'”’»)\]]*\s+|(?<=[。！？])|\n\s*\n")  # noqa: RUF001 - Chinese and Japanese marks
_INITIAL = re.compile(r"(?:^|\s)\w\.$")
_WORD = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+")
"""Scripts without spaces between words: pairs of their characters stand for words."""
_LEAD_BONUS = 0.25
_SAID_ALREADY = 0.3


def summarise(text: str, count: int) -> str:
    """The ``count`` sentences of ``text`` that weigh most, in their order; all if it has fewer."""
    sentences = split(text)
    if len(sentences) <= count:
        return _join(sentences)
    words = [_words(sentence) for sentence in sentences]
    weights = _weights(words)
    chosen: list[int] = []
    for _ in range(count):
        remaining = (index for index in range(len(sentences)) if index not in chosen)
        best = max(remaining, key=lambda index: _score(words[index], weights, index, len(words)))
        chosen.append(best)
        for word in words[best].keys() & weights.keys():
            weights[word] *= _SAID_ALREADY
    return _join([sentences[index] for index in sorted(chosen)])


def split(text: str) -> list[str]:
    """The sentences of a text, each on one line.

    >>> split("J. Smith came. He saw!")
    ['J. Smith came.', 'He saw!']
    """
    sentences: list[str] = []
    start = 0
    for end in _END.finditer(text):
        following = text[end.end() : end.end() + 1]
        before = text[max(start, end.start() - 3) : end.start()]
        is_paragraph = end[0].count("\n") > 1
        if not is_paragraph and (following.islower() or _INITIAL.search(before)):
            continue  # "e.g. this", and "J. Smith"
        sentences.append(text[start : end.end()])
        start = end.end()
    sentences.append(text[start:])
    return [" ".join(each.split()) for each in sentences if each.strip()]


def _words(sentence: str) -> Counter[str]:
    words: Counter[str] = Counter()
    for word in _WORD.findall(sentence.casefold()):
        if _UNSPACED.fullmatch(word):
            words.update(word[at : at + 2] for at in range(max(1, len(word) - 1)))
        else:
            words[word] += 1
    return words


def _weights(sentences: list[Counter[str]]) -> dict[str, float]:
    total: Counter[str] = Counter()
    spread: Counter[str] = Counter()
    for words in sentences:
        total.update(words)
        spread.update(words.keys())
    return {
        # A word that occurs once says nothing of the other sentences.
        word: (1 + math.log(count)) * math.log(len(sentences) / spread[word]) if count > 1 else 0.0
        for word, count in total.items()
    }


def _score(words: Counter[str], weights: dict[str, float], index: int, count: int) -> float:
    if not words:
        return 0.0
    # By the root of their number: a sum prefers the longest sentence, a mean the shortest.
    weight = sum(weights[word] for word in words) / math.sqrt(len(words))
    return weight * (1 + _LEAD_BONUS * (1 - index / count))


def _join(sentences: list[str]) -> str:
    text = ""
    for sentence in sentences:
        text += sentence if not text or _UNSPACED.match(sentence) else f" {sentence}"
    return text
