"""What went wrong in a plugin's own code, for people; passwords in URLs are left out."""

from __future__ import annotations

import traceback

from penstock.secrecy import redacted_in

WHERE = "`penstock plugins check --traceback` shows where"
"""Said among remedies."""


def summary(error: BaseException) -> str:
    """The error in a line, as Python prints it.

    Not by ``str()``: that is the plugin's code as well.
    """
    lines = traceback.format_exception_only(error)
    # A syntax error shows the place first, other errors their notes last.
    return redacted_in(lines[-1 if isinstance(error, SyntaxError) else 0].strip())


def trace(error: BaseException) -> str:
    """The whole traceback."""
    return redacted_in("".join(traceback.format_exception(error)))


def of_import(module: str, error: BaseException) -> str:
    """Why a plugin's module cannot be imported, and what to do."""
    if isinstance(error, ModuleNotFoundError):
        remedy = "install what is missing, and name it among the plugin's dependencies"
    elif isinstance(error, SyntaxError):
        remedy = f"correct line {error.lineno} of {error.filename}"
    elif isinstance(error, SystemExit):
        remedy = "a module must not end its process; move that into a function"
    elif isinstance(error, AttributeError):
        remedy = "correct the entry point, or what the module leaves out"
    else:
        remedy = WHERE
    return f"importing {module!r} raised {summary(error)}; {remedy}"
