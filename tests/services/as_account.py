"""A program that becomes another user's program, one that does not outlive its parent.

Run as ``python as_account.py PARENT_PID USER_ID GROUP_ID PROGRAM ARGUMENT…`` by root. Neither
`subprocess`' ``user`` nor `penstock.embedded.parent_death` will do: that user need not be able to
reach this Python, and the kernel forgets the parent's death signal when the user changes.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


def main() -> None:
    parent, user, group, *command = sys.argv[1:]
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))
    if prctl is not None:
        prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)
    if os.getppid() != int(parent):
        sys.exit("the parent died before its child could ask to be told")
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
