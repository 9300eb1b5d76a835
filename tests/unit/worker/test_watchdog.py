"""The watchdog, with a consumer and a clock that do what a test says."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from penstock.worker.watchdog import Watchdog

PATIENCE = 60


class Consumer:
    def __init__(self):
        self.claims = 5
        self.free_slots = 2
        self.outage = ""


class Scene:
    """One queue, and what the watchdog did about it."""

    def __init__(self):
        self.now = 0.0
        self.consumer = Consumer()
        self.restarted: list[str] = []
        self.given_up: list[str] = []
        self.asked: list[Any] = []
        self.watchdog = Watchdog(
            {"acme": self.consumer},
            patience=timedelta(seconds=PATIENCE),
            restart=self.restarted.append,
            give_up=self.given_up.append,
            call_loop=self.asked.append,
            loop_thread=threading.get_ident(),
            clock=lambda: self.now,
        )

    def beats(self, seconds, waiting=3):
        for _ in range(seconds // 10):
            self.watchdog.observe("acme", waiting)
            self.now += 10

    def answer(self):
        self.asked.pop()()


@pytest.fixture
def scene():
    return Scene()


def test_a_consumer_that_asks_for_nothing_while_tasks_wait_is_restarted(scene, caplog):
    scene.beats(PATIENCE)
    assert scene.restarted == []

    scene.beats(20)

    assert scene.restarted == ["acme"]
    assert "queue 'acme': its consumer is stuck: 3 tasks wait, 2 slots are free" in caplog.text


def test_one_that_asks_now_and_then_is_left_alone(scene):
    for _ in range(10):
        scene.beats(PATIENCE - 10)
        scene.consumer.claims += 1

    assert scene.restarted == []


@pytest.mark.parametrize(
    ("field", "value"), [("free_slots", 0), ("free_slots", -1), ("outage", "Redis is away")]
)
def test_one_that_has_no_slot_or_knows_of_an_outage_is_left_alone(scene, field, value):
    setattr(scene.consumer, field, value)

    scene.beats(10 * PATIENCE)

    assert scene.restarted == []


def test_one_with_nothing_to_do_is_left_alone(scene):
    scene.beats(10 * PATIENCE, waiting=0)

    assert scene.restarted == []


def test_a_pause_in_which_there_was_nothing_to_do_does_not_count(scene):
    for _ in range(5):
        scene.beats(PATIENCE - 10)
        scene.beats(10, waiting=0)

    assert scene.restarted == []


def test_one_that_restarting_does_not_help_is_given_up(scene):
    scene.beats(10 * PATIENCE)

    assert scene.restarted == ["acme"] * 3
    assert scene.given_up[:1] == ["acme"]
    assert scene.watchdog.given_up == "acme"


def test_one_that_works_again_starts_with_a_clean_slate(scene):
    for _ in range(10):
        scene.beats(PATIENCE + 20)
        scene.consumer.claims += 1

    assert len(scene.restarted) == 10
    assert scene.given_up == []


def test_a_blocked_event_loop_is_complained_of_once_with_the_place(scene, caplog):
    scene.watchdog.look_at_loop()
    scene.now += 10
    scene.watchdog.look_at_loop()
    scene.now += 10
    scene.watchdog.look_at_loop()

    assert scene.watchdog.blocked_for == 20
    (complaint,) = [each.getMessage() for each in caplog.records]
    assert "a handler has blocked the event loop for 10.0 s" in complaint
    assert "test_watchdog.py" in complaint

    scene.answer()
    assert scene.watchdog.blocked_for == 0


def test_while_the_event_loop_is_blocked_no_consumer_is_restarted(scene):
    scene.watchdog.look_at_loop()
    scene.watchdog.look_at_loop()

    scene.beats(10 * PATIENCE)
    assert scene.restarted == []

    scene.answer()
    scene.watchdog.look_at_loop()
    scene.answer()
    scene.beats(PATIENCE + 20)
    assert scene.restarted == ["acme"]


def test_a_loop_that_answers_is_asked_again(scene, caplog):
    for _ in range(3):
        scene.watchdog.look_at_loop()
        scene.answer()
        scene.now += 10

    assert caplog.text == ""
