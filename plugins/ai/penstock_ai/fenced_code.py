"""The code in a model's answer, which is Markdown."""

from markdown_it import MarkdownIt


def code_in(answer: str, language: str) -> str:
    """The first fenced block of this language, else the first one, else the whole answer.

    Models are asked for one block and nothing else; some leave the fence away, some explain.
    """
    fences = [each for each in MarkdownIt("commonmark").parse(answer) if each.type == "fence"]
    for fence in fences:
        if fence.info.split()[:1] == [language]:
            return fence.content
    return fences[0].content if fences else answer.strip() + "\n"


def without_fence(answer: str) -> str:
    """The answer, out of the fence that some models put around a whole document."""
    tokens = MarkdownIt("commonmark").parse(answer)
    is_wrapped = len(tokens) == 1 and tokens[0].type == "fence"
    return tokens[0].content if is_wrapped else answer
