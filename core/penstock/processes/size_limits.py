"""How large what a handler hands over may be."""

import msgspec


class SizeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """In bytes, as JSON in UTF-8. The settings of the same name say where each comes from.

    Attributes:
        result: what a handler returns; beyond it the task fails.
        checkpoint: what it saves under one name; beyond it saving raises.
        progress_message: what it says of its progress; the rest is cut.
        log_line: a line of the log; the rest is cut.
    """

    result: int
    checkpoint: int
    progress_message: int
    log_line: int
