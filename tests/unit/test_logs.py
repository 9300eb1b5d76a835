"""Log lines, for people and for programs."""

import asyncio
import io
import json
import logging
import threading
from collections.abc import Iterator
from datetime import datetime

import pytest
import structlog

from penstock import logs


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_json_lines_carry_both_kinds_of_loggers():
    stream = io.StringIO()
    logs.configure("json", "info", stream=stream)

    logging.getLogger("penstock.worker").info("[AI Worker] Processing task... %s", "x")
    structlog.stdlib.get_logger("penstock.api").warning("request", path="/api")

    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first["event"] == "[AI Worker] Processing task... x"
    assert (first["level"], first["logger"]) == ("info", "penstock.worker")
    assert first["timestamp"].endswith("Z")
    assert (second["event"], second["path"], second["level"]) == ("request", "/api", "warning")


def test_console_lines_keep_the_text_as_it_was_written_and_have_no_colours_in_a_file():
    stream = io.StringIO()
    logs.configure("console", "info", stream=stream)

    logging.getLogger("penstock.worker").info("[AI Worker] Processing task...")

    assert "[AI Worker] Processing task... [penstock.worker]" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_an_exception_is_one_json_line_with_its_traceback():
    stream = io.StringIO()
    logs.configure("json", "info", stream=stream)

    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        logging.getLogger("penstock").exception("it broke")

    (line,) = stream.getvalue().splitlines()
    assert "ZeroDivisionError: division by zero" in json.loads(line)["exception"]


def test_what_uvicorn_says_a_second_time_with_colour_codes_is_left_out():
    stream = io.StringIO()
    logs.configure("json", "info", stream=stream)

    logging.getLogger("uvicorn.error").info("up", extra={"color_message": "\x1b[1mup\x1b[0m"})

    assert "color_message" not in json.loads(stream.getvalue())


def test_less_important_lines_than_the_level_are_left_out():
    stream = io.StringIO()
    logs.configure("console", "warning", stream=stream)

    logging.getLogger("a").info("small talk")
    structlog.stdlib.get_logger("b").info("small talk")

    assert stream.getvalue() == ""


@pytest.mark.parametrize("log_format", ["console", "json"])
@pytest.mark.parametrize("level", ["debug", "info", "warning", "error", "critical"])
@pytest.mark.parametrize("message", ["plain", "50 % of 'it'", "two\nlines", 'Grüße, "Welt"'])
def test_the_short_cut_for_bare_messages_writes_what_structlog_would(log_format, level, message):
    lines = []
    for context in ({}, {"extra": 1}):
        stream = io.StringIO()
        logs.configure(log_format, "debug", stream=stream)
        logging.getLogger("penstock.worker").log(
            logging.getLevelName(level.upper()), message, extra=context
        )
        lines.append(stream.getvalue())
    bare, full = lines
    if log_format == "json":
        bare, full = json.loads(bare), json.loads(full)
        assert full.pop("extra") == 1
        assert abs(_moment(full.pop("timestamp")) - _moment(bare.pop("timestamp"))) < 5
        assert bare == full
    else:
        assert bare[8:] == full[8:].replace(" extra=1", "")
        assert len(bare[:8].split(":")) == 3


def _moment(timestamp: str) -> float:
    return datetime.fromisoformat(timestamp).timestamp()


def test_a_bare_message_is_told_with_the_context_it_was_said_in():
    stream = io.StringIO()
    logs.configure("json", "info", stream=stream)
    with structlog.contextvars.bound_contextvars(request_id="7"):
        logging.getLogger("penstock").info("hello")
    assert json.loads(stream.getvalue())["request_id"] == "7"


def test_a_second_call_replaces_the_first():
    first, second = io.StringIO(), io.StringIO()
    logs.configure("json", "info", stream=first)
    logs.configure("json", "info", stream=second)

    logging.getLogger("a").info("once")

    assert first.getvalue() == ""
    assert len(second.getvalue().splitlines()) == 1


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_line_is_clipped_in_what_is_long(log_format):
    stream = io.StringIO()
    logs.configure(log_format, "info", max_line_bytes=2000, stream=stream)

    logging.getLogger("acme").info("é\n" * 10_000)
    structlog.stdlib.get_logger("acme").info("short", page="x" * 10_000, more={"y": ["z" * 9000]})

    text = stream.getvalue()
    assert len(text.encode()) <= 2 * 2001
    assert "of 30,0" in text
    if log_format == "json":
        _, line = map(json.loads, text.splitlines())
        assert (line["event"], line["logger"]) == ("short", "acme")
        assert "xx … of 10,000 bytes … xx" in line["page"]


class Written(io.StringIO):
    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return len(text)


async def test_the_lines_of_one_turn_of_the_event_loop_are_written_at_once():
    stream = Written()
    logs.configure("console", "info", stream=stream)

    for number in range(3):
        logging.getLogger("penstock").info("line %d", number)
    assert stream.writes == []
    await asyncio.sleep(0)

    (written,) = stream.writes
    assert [line.partition("line ")[2][0] for line in written.splitlines()] == ["0", "1", "2"]


async def test_a_warning_is_written_at_once_with_what_came_before_it():
    stream = Written()
    logs.configure("console", "info", stream=stream)

    logging.getLogger("penstock").info("before")
    logging.getLogger("penstock").warning("now")

    (written,) = stream.writes
    assert written.index("before") < written.index("now")


async def test_a_thread_without_an_event_loop_writes_its_lines_at_once():
    stream = Written()
    logs.configure("console", "info", stream=stream)
    logging.getLogger("penstock").info("of the loop")

    thread = threading.Thread(target=logging.getLogger("penstock").info, args=("of a thread",))
    thread.start()
    thread.join()

    (written,) = stream.writes
    assert "of the loop" in written
    assert "of a thread" in written


def test_a_loop_that_ends_leaves_no_line_behind():
    stream = Written()
    logs.configure("console", "info", stream=stream)

    async def log_and_end() -> None:
        logging.getLogger("penstock").info("the last line")

    for _ in range(2):
        asyncio.run(log_and_end())
    logging.getLogger().handlers[0].flush()

    assert "".join(stream.writes).count("the last line") == 2
