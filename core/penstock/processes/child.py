"""The program of a process that runs handlers: ``python -m penstock.processes.child``.

Its arguments are two descriptors that it inherits, of the socket to its worker and of the file for
the traceback of a crash, and the worker's process id.

The main thread runs handlers, one after the other; a second one receives. No handler imports
anything into the worker this way, and none can take it down.
"""

from __future__ import annotations

import ctypes
import faulthandler
import logging
import os
import signal
import socket
import sys

from penstock.processes.channel import Channel
from penstock.processes.handler_run import HandlerRun
from penstock.processes.interrupts import Interrupts
from penstock.processes.log_handler import ChannelHandler

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


def main() -> None:
    """Run what comes through the socket until it closes."""
    connection, crash_file, parent = map(int, sys.argv[1:])
    _outlive_signals()
    _die_with(parent)
    for descriptor in (connection, crash_file):
        os.set_inheritable(descriptor, False)
    faulthandler.enable(file=crash_file, all_threads=False)
    interrupts = Interrupts()
    channel = Channel(socket.socket(fileno=connection), interrupts)
    logging.getLogger().addHandler(ChannelHandler(channel))
    channel.start()
    while (run := channel.next_run()) is not None:
        HandlerRun(run, channel, interrupts).perform()


def _outlive_signals() -> None:
    """Leave SIGTERM and SIGINT to the worker: service managers signal all of its processes."""
    # Not SIG_IGN, which programs that a handler starts would inherit.
    for number in _SIGNALS:
        signal.signal(number, lambda *_: None)
    # The worker blocked them while it started this process.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _die_with(parent: int) -> None:
    """Have the kernel end this process with its worker, even in the middle of a C function."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the worker died before its process could ask to be told")


if __name__ == "__main__":
    main()
