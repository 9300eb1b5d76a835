"""A client in a thread of its own, for callers in any other thread, in any process."""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import AsyncGenerator, Coroutine, Iterator
from typing import Any, TypeVar

from penstock.client.client import Client
from penstock.client.loop_thread import LoopThread

T = TypeVar("T")


class ClientThread:
    """Opens a client, in a thread, when it is first needed, and anew after a fork.

    Args:
        client: one that is not open, and used by nobody else.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._thread: LoopThread | None = None
        # What was opened before a fork belongs to the parent: it is kept, and never touched.
        self._inherited: list[object] = []
        me = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _call_if_there(me, ClientThread._was_forked))
        atexit.register(lambda: _call_if_there(me, ClientThread.close))

    def open(self) -> LoopThread:
        """The thread, in which the client is open then.

        Raises:
            PenstockError: the settings cannot be honoured.
        """
        with self._lock:
            if self._thread is None:
                thread = LoopThread()
                try:
                    thread.call(self._client.__aenter__())
                    self._thread = thread
                except BaseException:
                    self._thread = None
                    self._undo(thread)
                    raise
            return self._thread

    def close(self) -> None:
        """Close the client; whoever needs it again opens it anew."""
        with self._lock:
            thread, self._thread = self._thread, None
            if thread is not None:
                try:
                    thread.call(self._client.__aexit__(None, None, None))
                finally:
                    thread.close()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Do what the client is asked for; see :meth:`LoopThread.call`."""
        try:
            thread = self.open()
        except BaseException:
            work.close()
            raise
        return thread.call(work)

    def each(self, items: AsyncGenerator[T, None]) -> Iterator[T]:
        """What the client finds; see :meth:`LoopThread.each`."""
        yield from self.open().each(items)

    def _undo(self, thread: LoopThread) -> None:
        """Close what was opened although the caller was interrupted meanwhile."""
        try:
            thread.call(self._client.__aexit__(None, None, None))
        finally:
            thread.close()
            # Who interrupts this too may use it again.
            self._client.abandon()

    def _was_forked(self) -> None:
        # A thread that is not here may have held it, and have been about to open the client.
        self._lock = threading.Lock()
        self._inherited.append((self._thread, self._client.abandon()))
        self._thread = None


def _call_if_there(me: weakref.ref[ClientThread], method: Any) -> None:
    thread = me()
    if thread is not None:
        method(thread)
