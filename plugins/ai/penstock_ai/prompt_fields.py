"""The input fields that all task types with a prompt share, and their checks."""

from typing import Annotated, Any

import msgspec

PromptText = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=100_000,
        description="What a model shall make. Needs a provider with a model.",
    ),
]
ModelName = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=200,
        description="The model to ask, instead of the operator's choice.",
    ),
]


def check_exactly_one(**choices: Any) -> None:
    """Refuse none or several of these fields.

    Raises:
        ValueError: names those that were given.
    """
    given = [name for name, value in choices.items() if value is not None]
    if len(given) != 1:
        names = ", ".join(map(repr, choices))
        got = " and ".join(map(repr, given)) or "none of them"
        message = f"expected exactly one of {names}, got {got}; send the one that you mean"
        raise ValueError(message)


def check_only_with(allowed: str, *, is_there: bool, **fields: Any) -> None:
    """Refuse fields that would do nothing, because what they belong to is not there.

    Raises:
        ValueError: names the field.
    """
    for name, value in fields.items():
        if value is not None and not is_there:
            message = (
                f"expected {name!r} only together with {allowed}, got it without; leave it out"
            )
            raise ValueError(message)


def check_model_fields(*, is_prompt: bool, provider: str | None, model: str | None) -> None:
    """Refuse a choice of provider or model where nothing asks one; ``builtin`` is always right.

    Raises:
        ValueError: names the field.
    """
    check_only_with("'prompt'", is_there=is_prompt, model=model)
    check_only_with("'prompt'", is_there=is_prompt or provider == "builtin", provider=provider)
