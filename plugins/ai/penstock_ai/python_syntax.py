"""Whether a text is Python. Runs in a child process only: the parser can be made to crash."""

import ast


def is_python(code: str) -> bool:
    """Whether this version of Python can read it. It is not run."""
    try:
        ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
