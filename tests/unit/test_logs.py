"""Log lines, for people and for programs."""

import io
import json
import logging
from collections.abc import Iterator

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


def test_a_second_call_replaces_the_first():
    first, second = io.StringIO(), io.StringIO()
    logs.configure("json", "info", stream=first)
    logs.configure("json", "info", stream=second)

    logging.getLogger("a").info("once")

    assert first.getvalue() == ""
    assert len(second.getvalue().splitlines()) == 1
