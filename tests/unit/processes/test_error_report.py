"""Exceptions as plain data, and what can be made of it again."""

from datetime import timedelta

import pytest

from penstock import (
    DeclarationError,
    PenstockError,
    PermanentError,
    RateLimitedError,
    Snooze,
    TransientError,
)
from penstock.processes.error_report import ErrorReport, HandlerError


class NotFoundError(PermanentError):
    default_code = "not_found"


class StorageError(PenstockError):
    pass


class ForeignError(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NotFoundError("no"), PermanentError),
        (PermanentError("no", code="x"), PermanentError),
        (DeclarationError("no"), DeclarationError),
        (StorageError("no"), PenstockError),
        (ValueError("no"), ValueError),
        (UnicodeEncodeError("utf-8", "no", 0, 1, "no"), UnicodeError),
        (KeyError("no"), KeyError),
    ],
)
def test_the_nearest_exception_that_can_be_made_again_is_made(
    error: Exception, kind: type[Exception]
) -> None:
    made = ErrorReport.of(error).exception()

    assert type(made) is kind
    assert "no" in str(made)
    assert getattr(made, "code", None) == getattr(error, "code", None)


def test_errors_that_steer_keep_what_they_say() -> None:
    transient = ErrorReport.of(TransientError("a", retry_after=timedelta(1), code="b")).exception()
    snooze = ErrorReport.of(Snooze(timedelta(2), "c")).exception()
    limited = ErrorReport.of(RateLimitedError("d", retry_after=timedelta(3))).exception()

    assert isinstance(transient, TransientError)
    assert (transient.retry_after, transient.code) == (timedelta(1), "b")
    assert isinstance(snooze, Snooze)
    assert (snooze.delay, str(snooze)) == (timedelta(2), "c")
    assert isinstance(limited, RateLimitedError)
    assert (limited.retry_after, limited.code) == (timedelta(3), "rate_limited")


@pytest.mark.parametrize("error", [ForeignError("no"), Exception("no"), SystemExit(3)])
def test_of_what_is_foreign_nothing_is_made(error: BaseException) -> None:
    assert ErrorReport.of(error).exception() is None


def test_an_exception_without_words_says_its_type() -> None:
    assert ErrorReport.of(ConnectionResetError()).message == "ConnectionResetError"


def test_what_came_from_a_process_is_what_was_said_there() -> None:
    report = ErrorReport.of(ValueError("no"))

    assert ErrorReport.of(HandlerError(report)) is report


def test_an_error_caused_by_one_of_a_process_shows_the_frames_of_the_process() -> None:
    report = ErrorReport(type_name="E", message="no", traceback="Traceback of the process\n")
    late = TimeoutError("too late")
    late.__cause__ = HandlerError(report)

    trace = ErrorReport.of(late).traceback

    assert trace.startswith("Traceback of the process\n\nThe above exception was the direct cause")
    assert trace.endswith("TimeoutError: too late\n")
    assert "HandlerError" not in trace
