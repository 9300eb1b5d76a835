"""How a process ended, in words."""

import signal

CRASHED = "process_crashed"
"""The code of a run whose process ended in the middle of it."""


def exit_code_in_words(code: int) -> str:
    """What became of the process, by its exit code as :mod:`subprocess` gives it."""
    if code >= 0:
        return f"the handler's process ended in the middle of the run: exit code {code}"
    name = _signal_name(-code)
    hint = ""
    if name == "SIGKILL":
        hint = (
            ", which the worker did not send: the system's out-of-memory killer may have; give "
            "the machine more memory, or the task type a max_memory that it has"
        )
    return f"the handler's process crashed: {name}{hint}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
