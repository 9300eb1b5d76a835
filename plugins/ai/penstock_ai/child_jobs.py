"""What runs in a child process: one job, its arguments on standard input, its answer on output."""

import contextlib
import resource
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from penstock import PermanentError
from penstock_ai.child import Answer

_MAX_MEMORY = 1024**3
"""Bytes of address space."""
_MAX_CPU_SECONDS = 15
"""The parent's clock stops a job, too; this one also works when the parent was killed."""


def _fill_text(template: str, data: Mapping[str, Any]) -> str:
    from penstock_ai.text_template import fill_text

    return fill_text(template, data)


def _types_of(schema: Mapping[str, Any], name: str | None, target: str) -> str:
    from penstock_ai.schema_types import types_of

    return types_of(schema, name=name, target=target)


def _is_python(code: str) -> bool:
    from penstock_ai.python_syntax import is_python

    return is_python(code)


def _summarise(text: str, count: int) -> str:
    from penstock_ai.long_text import storable
    from penstock_ai.summary import summarise

    return storable(summarise(text, count))


JOBS: Mapping[str, Callable[..., Any]] = {
    "template": _fill_text,
    "summary": _summarise,
    "json_schema": _types_of,
    "syntax check": _is_python,
}


def main() -> None:
    """Run the job that the first argument names."""
    # The process ends without a word at the processor's limit, and with MemoryError at the other.
    resource.setrlimit(resource.RLIMIT_CPU, (_MAX_CPU_SECONDS, _MAX_CPU_SECONDS))
    with contextlib.suppress(ValueError, OSError):  # macOS has no such limit
        resource.setrlimit(resource.RLIMIT_AS, (_MAX_MEMORY, _MAX_MEMORY))
    warnings.simplefilter("ignore")  # libraries' advice to their callers, which a caller never sees
    job, arguments = sys.argv[1], msgspec.json.decode(sys.stdin.buffer.read())
    sys.stdout.buffer.write(msgspec.json.encode(_answer(job, arguments)))


def _answer(job: str, arguments: Mapping[str, Any]) -> Answer:
    try:
        return Answer(value=JOBS[job](**arguments))
    except PermanentError as error:
        return Answer(error=str(error), code=error.code)
    except (MemoryError, RecursionError):
        message = f"{job!r} took more memory than it may, or is nested too deeply; send less"
        return Answer(error=message, code="too_complex")


if __name__ == "__main__":
    main()
