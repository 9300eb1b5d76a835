"""A program that becomes another program, one that does not outlive its parent.

Run as ``python parent_death.py PARENT_PID PROGRAM ARGUMENT…``. A program of its own instead of a
``preexec_fn``, because Python code between fork and exec is unsafe in a process with threads.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


def dying_with_parent(command: Sequence[str]) -> list[str]:
    """Wrap a command so that the kernel stops it (SIGTERM) when the starting thread ends.

    The kernel watches the *thread* that starts the command: start it from one that lives as long
    as the process. Only Linux has the means; elsewhere the command comes back as it is.
    """
    if sys.platform != "linux":
        return list(command)
    # -I and -S: no site-packages and no environment, so that it takes 20 ms instead of 100.
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def main(arguments: Sequence[str]) -> None:
    """Ask the kernel for the signal, then become the program."""
    parent, *command = arguments
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit("the parent died before its child could ask to be told")
    os.execv(command[0], command)  # noqa: S606 - the command is our own, and no shell is wanted


if __name__ == "__main__":
    main(sys.argv[1:])
