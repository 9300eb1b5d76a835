"""The exception that stops a handler: once, in time, and never in the middle of a frame."""

import signal
import threading
from collections.abc import Iterator

import pytest

from penstock import Interruption, TaskInterrupted
from penstock.processes.interrupts import Interrupts

STOP = Interruption("cancelled", "by ada")


@pytest.fixture
def interrupts() -> Iterator[Interrupts]:
    before = signal.getsignal(signal.SIGUSR1)
    yield Interrupts()
    signal.signal(signal.SIGUSR1, before)


def request(interrupts: Interrupts) -> None:
    """As the thread does that receives; the signal has been handled when it has ended."""
    thread = threading.Thread(target=interrupts.request, args=(STOP,))
    thread.start()
    thread.join()


def test_a_running_handler_is_interrupted(interrupts: Interrupts) -> None:
    interrupts.arm()

    with pytest.raises(TaskInterrupted, match="by ada") as caught:
        request(interrupts)

    assert caught.value.interruption == interrupts.interruption == STOP


def test_what_it_returns_after_that_is_refused_and_what_it_returned_before_is_not(
    interrupts: Interrupts,
) -> None:
    interrupts.arm()
    interrupts.confirm()
    with pytest.raises(TaskInterrupted):
        request(interrupts)

    with pytest.raises(TaskInterrupted, match="by ada"):
        interrupts.confirm()


def test_one_that_has_not_begun_is_interrupted_when_it_does(interrupts: Interrupts) -> None:
    request(interrupts)

    with pytest.raises(TaskInterrupted):
        interrupts.arm()


def test_one_that_has_ended_is_left_alone(interrupts: Interrupts) -> None:
    interrupts.arm()
    interrupts.disarm()

    request(interrupts)


def test_a_clean_up_is_not_interrupted_again(interrupts: Interrupts) -> None:
    interrupts.arm()
    with pytest.raises(TaskInterrupted):
        request(interrupts)

    request(interrupts)
    with interrupts.held_off():
        request(interrupts)


def test_what_must_not_be_cut_is_finished_first(interrupts: Interrupts) -> None:
    done = []

    def send() -> None:
        with interrupts.held_off(), interrupts.held_off():
            request(interrupts)
            done.append("frame")

    interrupts.arm()
    with pytest.raises(TaskInterrupted):
        send()

    assert done == ["frame"]


def test_an_error_in_what_must_not_be_cut_is_not_hidden(interrupts: Interrupts) -> None:
    def send() -> None:
        with interrupts.held_off():
            request(interrupts)
            raise BrokenPipeError

    interrupts.arm()
    with pytest.raises(BrokenPipeError):
        send()
