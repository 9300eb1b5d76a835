"""The process's side of the socket to its worker."""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
from itertools import count
from queue import SimpleQueue
from typing import Self

import msgspec

from penstock.declarations import PenstockError
from penstock.processes import frames
from penstock.processes.interrupts import Interrupts
from penstock.processes.size_limits import SizeLimits


class Channel:
    """Sends frames from any thread; one thread of its own receives them.

    When the worker is gone, a process in the middle of a run kills itself, and an idle one finds
    no further run.

    Attributes:
        limits: there before the first run is.
    """

    limits: SizeLimits

    def __init__(self, connection: socket.socket, interrupts: Interrupts) -> None:
        self._socket = connection
        self._interrupts = interrupts
        self._sending = threading.Lock()
        self._numbers = count(1)
        self._waiting: dict[int, SimpleQueue[frames.Reply | frames.Want | None]] = {}
        self._runs: SimpleQueue[frames.Run | None] = SimpleQueue()
        self._is_receiving = True
        self._is_deserted = False
        self._is_busy = False
        # A fork of a handler's must not keep the connection open when this process is gone.
        os.register_at_fork(after_in_child=lambda: os.close(connection.detach()))

    def start(self) -> None:
        """Begin to receive."""
        threading.Thread(target=self._receive, name="penstock-channel", daemon=True).start()

    def next_run(self) -> frames.Run | None:
        """Wait for what to run; ``None`` when nobody wants this process any more."""
        self._is_busy = False
        run = self._runs.get()
        self._is_busy = True
        # Looked at after that, as the other thread sets it before it looks at _is_busy.
        return None if self._is_deserted else run

    def send(self, frame: msgspec.Struct) -> None:
        """Send a frame; waits while the worker is too busy to read.

        Raises:
            FrameTooLongError: it is longer than a worker takes.
        """
        data = frames.encode(frame)
        if len(data) > frames.MAX_LENGTH:
            message = (
                f"expected at most {frames.MAX_LENGTH:,} bytes at once, got {len(data):,}; store "
                "it as an artifact"
            )
            raise frames.FrameTooLongError(message)
        with self._interrupts.held_off(), self._sending:
            self._socket.sendall(data)

    def send_if_free(self, frame: msgspec.Struct) -> None:
        """Send a small frame, or drop it if that would have to wait."""
        if select.select([], [self._socket], [], 0)[1]:
            self.send(frame)

    def call(self) -> Call:
        """Begin a request."""
        return Call(self, next(self._numbers))

    # -- used by Call ------------------------------------------------------------------------

    def open_box(self, number: int) -> SimpleQueue[frames.Reply | frames.Want | None]:
        """Where answers to the request of that number come in."""
        box: SimpleQueue[frames.Reply | frames.Want | None] = SimpleQueue()
        self._waiting[number] = box
        if not self._is_receiving:
            box.put(None)
        return box

    def close_box(self, number: int) -> None:
        """No further answer is waited for."""
        self._waiting.pop(number, None)

    # -- the thread --------------------------------------------------------------------------

    def _receive(self) -> None:
        try:
            with self._socket.makefile("rb") as stream:
                while len(header := stream.read(frames.HEADER.size)) == frames.HEADER.size:
                    (length,) = frames.HEADER.unpack(header)
                    self._take(frames.decode_to_process(stream.read(length)))
        except MemoryError:
            # The handler took it all, and is told so where it waits for an answer.
            self._is_receiving = False
            for box in list(self._waiting.values()):
                box.put(None)
            return
        except (OSError, msgspec.MsgspecError):
            pass  # the worker died, perhaps in the middle of a frame
        self._is_deserted = True
        if self._is_busy:
            os.kill(os.getpid(), signal.SIGKILL)
        self._runs.put(None)

    def _take(self, frame: frames.ToProcess) -> None:
        match frame:
            case frames.Hello(path, limits):
                sys.path[:] = path
                self.limits = limits
            case frames.Run():
                self._runs.put(frame)
            case frames.Interrupt(interruption):
                self._interrupts.request(interruption)
            case frames.Reply(number=number) | frames.Want(number=number):
                # None if whoever asked was interrupted.
                box = self._waiting.get(number)
                if box is not None:
                    box.put(frame)


class Call:
    """One request, and its answers."""

    def __init__(self, channel: Channel, number: int) -> None:
        self.number = number
        self._channel = channel
        self._box = channel.open_box(number)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close_box(self.number)

    def ask(self, frame: frames.Request) -> object:
        """Send the request, and wait for its answer.

        Raises:
            Exception: what the worker met.
        """
        self._channel.send(frame)
        answer = self.next()
        if isinstance(answer, frames.Want):
            raise TypeError(answer)
        return value_of(answer)

    def next(self) -> frames.Reply | frames.Want:
        """The next word about this request."""
        answer = self._box.get()
        if answer is None:
            raise MemoryError
        return answer


def value_of(answer: frames.Reply) -> object:
    """The value of an answer.

    Raises:
        Exception: what the worker met, as itself where it can be made again.
    """
    if answer.error is not None:
        report = answer.error
        raise report.exception() or PenstockError(f"{report.type_name}: {report.message}")
    return answer.value
