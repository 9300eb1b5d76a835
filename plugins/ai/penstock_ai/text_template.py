"""A caller's own template, filled with the caller's data. Runs in a child process only.

The sandbox keeps a template from the interpreter's insides; it bounds neither time nor memory, so
the process does.
"""

from collections.abc import Iterable, Mapping
from io import StringIO
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from penstock import PermanentError
from penstock_ai.long_text import storable

MAX_OUTPUT = 1_000_000
"""Characters."""


def fill_text(template: str, data: Mapping[str, Any]) -> str:
    """The template's text; values appear as they are.

    Raises:
        PermanentError: ``invalid_template`` if it cannot be read, ``invalid_template_data`` if it
            lacks a value or cannot use one, ``too_complex`` above :data:`MAX_OUTPUT` characters.
    """
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        # Plain text, not HTML.
        autoescape=False,
        keep_trailing_newline=True,
    )
    try:
        return storable(_bounded(environment.from_string(template).generate(data)))
    except TemplateSyntaxError as error:
        message = (
            f"expected 'template' to be a Jinja2 template, got an error in line {error.lineno}: "
            f"{error.message}; correct it there"
        )
        raise PermanentError(message, code="invalid_template") from error
    except UndefinedError as error:
        message = f"the template needs a value that its data lacks: {error}; add it to 'data'"
        raise PermanentError(message, code="invalid_template_data") from error
    except (MemoryError, RecursionError, PermanentError):
        raise
    except Exception as error:
        # Whatever a template does to its data can fail in any way; the template is the cause.
        kind = "" if isinstance(error, TemplateError) else f"{type(error).__name__}: "
        message = f"the template cannot use its data: {kind}{error}; correct one or the other"
        raise PermanentError(message[:2000], code="invalid_template_data") from error


def _bounded(pieces: Iterable[str]) -> str:
    text = StringIO()
    for piece in pieces:
        if text.tell() + len(piece) > MAX_OUTPUT:
            message = (
                f"expected the template to give at most {MAX_OUTPUT:,} characters, got more; "
                "split it"
            )
            raise PermanentError(message, code="too_complex")
        text.write(piece)
    return text.getvalue()
