"""Why a task is not accepted.

::

    PenstockError
    └── InvalidInputError       the input does not fit its task type (also a ValueError)
"""

from penstock.declarations import PenstockError


class InvalidInputError(PenstockError, ValueError):
    """The input does not fit the task type's schema, or cannot be stored.

    Attributes:
        path: where in the input, as ``$.field[0]``; ``$`` is the input itself.
        message: what is wrong there.
    """

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{message} (at {path})")
        self.path = path
        self.message = message
