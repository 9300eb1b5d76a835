"""The built-in templates: Markdown with gaps, filled with a caller's data.

Templates are part of this package and data is never compiled, so a value that looks like a template
stays text. Values are escaped for Markdown, so that they stay text there, too; a template marks the
few that are Markdown with the ``markdown`` filter.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from jinja2 import PackageLoader, StrictUndefined, TemplateError, UndefinedError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from penstock import PermanentError
from penstock_ai.near_names import did_you_mean

_MARKDOWN_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")


class _Markdown(str):
    """Text that is Markdown already."""

    __slots__ = ()


def fill(name: str, data: Mapping[str, Any]) -> str:
    """The template's Markdown, filled with ``data``.

    Raises:
        PermanentError: code ``invalid_template_data``; names the value that is missing, unknown or
            of no use.
    """
    loader = PackageLoader("penstock_ai", "templates")
    environment = _environment()
    source, _, _ = loader.get_source(environment, f"{name}.md.j2")
    takes = meta.find_undeclared_variables(environment.parse(source))
    for given in data:
        if given not in takes:
            hint = did_you_mean(given, takes, before="; ")
            message = (
                f"expected the data of template {name!r} to be of "
                f"{', '.join(map(repr, sorted(takes)))}, got {given!r}{hint}"
            )
            raise PermanentError(message, code="invalid_template_data")
    try:
        return environment.from_string(source).render(data)
    except UndefinedError as error:
        message = f"template {name!r} needs a value that its data lacks: {error}; add it to 'data'"
        raise PermanentError(message, code="invalid_template_data") from error
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        message = (
            f"template {name!r} cannot use its data: {str(error) or type(error).__name__}; "
            "compare the types of its values with the plugin's README"
        )
        raise PermanentError(message, code="invalid_template_data") from error


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        finalize=_plain,
        trim_blocks=True,
        lstrip_blocks=True,
        # Markdown, not HTML: _plain escapes what matters there.
        autoescape=False,
    )
    environment.filters["markdown"] = _markdown
    environment.filters["number"] = _number
    environment.filters["money"] = _money
    return environment


def _plain(value: object) -> object:
    """Escape a value, so that Markdown shows it as it is, on one line."""
    if isinstance(value, _Markdown | StrictUndefined):
        return value
    if isinstance(value, list | dict) or value is None:
        message = f"expected a text or a number, got {type(value).__name__} {str(value)[:60]!r}"
        raise TypeError(message)
    return _MARKDOWN_PUNCTUATION.sub(r"\\\1", " ".join(str(value).split()))


def _markdown(value: object) -> object:
    if isinstance(value, StrictUndefined):
        return value
    if not isinstance(value, str):
        message = f"expected Markdown text, got {type(value).__name__} {str(value)[:60]!r}"
        raise TypeError(message)
    return _Markdown(value)


def _number(value: object) -> object:
    """An exact number from a JSON number or a numeric string."""
    if isinstance(value, StrictUndefined):
        return value
    try:
        number = Decimal("nan" if isinstance(value, bool) else str(value))
    except ArithmeticError:
        number = Decimal("nan")
    if not number.is_finite():
        message = f"expected a number, got {str(value)[:60]!r}"
        raise ValueError(message)
    return number


def _money(value: Decimal) -> str:
    """Two decimals, and commas between thousands."""
    return f"{value.quantize(Decimal('0.01')):,}"
