"""The program of a `ForkServer`: imports Penstock once, and becomes whatever it is told to be.

It reads one JSON object per line from the socket whose number is its argument, forks, and answers
with the child's pid; and once a child has ended, with its pid and exit code.
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from typing import Any

# What the commands that serve would import first; plugins are not among it.
_MODULES = ("penstock.cli.api", "penstock.cli.worker", "penstock.worker.worker", "uvloop")


def commands(channel: socket.socket) -> dict[str, Any]:
    """Fork for each command; returns it in the child."""
    children: set[int] = set()
    woken, wake = socket.socketpair()
    for each in (woken, wake):
        each.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake.fileno())
    received = b""
    while True:
        ready, _, _ = select.select([channel, woken], [], [])
        if woken in ready:
            woken.recv(4096)
            _tell_ends(channel, children)
        if channel not in ready:
            continue
        chunk = channel.recv(1 << 16)
        if not chunk:
            for pid in children:
                os.kill(pid, signal.SIGKILL)
            raise SystemExit
        *lines, received = (received + chunk).split(b"\n")
        for line in lines:
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for each in (channel, woken, wake):
                    each.close()
                command: dict[str, Any] = json.loads(line)
                return command
            children.add(pid)
            channel.sendall(b'{"pid": %d}\n' % pid)


def _tell_ends(channel: socket.socket, children: set[int]) -> None:
    for pid in list(children):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            children.discard(pid)
            answer = {"pid": pid, "status": os.waitstatus_to_exitcode(status)}
            with suppress(BrokenPipeError):
                channel.sendall(json.dumps(answer).encode() + b"\n")


def become(command: dict[str, Any]) -> None:
    """Be what ``python -m penstock`` is after its imports, in this folder and environment."""
    environment = command["environment"]
    os.chdir(command["folder"])
    os.environ.clear()
    os.environ.update(environment)
    log = os.open(command["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    for number in (1, 2):
        os.dup2(log, number)
    os.close(log)
    sys.argv = ["penstock", *command["arguments"]]
    paths = environment.get("PYTHONPATH", "")
    sys.path[:0] = [command["folder"], *filter(None, paths.split(os.pathsep))]


for _module in _MODULES:
    with suppress(ModuleNotFoundError):
        importlib.import_module(_module)
gc.freeze()
become(commands(socket.socket(fileno=int(sys.argv[1]))))
importlib.import_module("penstock.cli").main()
