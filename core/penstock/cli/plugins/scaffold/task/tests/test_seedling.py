"""What every plugin promises, and what this one does."""

from typing import Any, ClassVar

from penstock.testing import Harness, PluginContract

from penstock_seedling.count_words import CountWords, WordCounts, count_words


class TestContract(PluginContract):
    """Penstock's own checks; `pytest -v` shows what they are."""

    plugin = "seedling"
    examples: ClassVar[dict[str, Any]] = {
        "seedling.count-words": CountWords(texts=["one two", "three"]),
    }


async def test_it_counts_the_words_of_each_text(harness: Harness) -> None:
    counted = await harness.run(count_words, CountWords(texts=["one two", "three", ""]))

    assert counted == WordCounts(counts=[2, 1, 0], total=3)
