"""Whatever bytes come in, they are read, or refused by a 4xx problem that names a field."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.api.json_body import decode_object
from penstock.api.problems import Problem
from penstock.api.submission import read_submission
from penstock.dispatch import InvalidInputError, inputs
from tests.unit.api.acme_plugin import acme_catalogue

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from(["type", "input", "priority", "user_id", "delay_seconds", "colour"])
# Escaped surrogates and NaN included: json.dumps writes what JSON does not allow.
almost_json = st.dictionaries(fields, values).map(lambda value: json.dumps(value).encode())


def refusal_of(body: bytes) -> Problem | InvalidInputError | None:
    """Read ``body`` as the API does."""
    catalogue = acme_catalogue()
    try:
        submission = read_submission(decode_object(body), catalogue)
        inputs.decode(catalogue.task_type(submission.type), submission.input)
    except (Problem, InvalidInputError) as refusal:
        return refusal
    return None


def read(body: bytes) -> None:
    """Anything but a refusal that the caller can act on is an error of ours."""
    refusal = refusal_of(body)
    if isinstance(refusal, InvalidInputError):
        assert refusal.path.startswith("$")
    if isinstance(refusal, Problem):
        assert 400 <= refusal.status_code < 500
        assert refusal.errors
        for error in refusal.errors:
            assert error.field.startswith("$")
            assert error.message
            assert error.remedy
        msgspec.json.encode(refusal.errors)  # no half characters in the messages


@given(st.binary(max_size=200))
def test_any_bytes(body):
    read(body)


@given(almost_json)
def test_any_json_and_what_resembles_it(body):
    read(body)


@given(almost_json, st.integers(0, 300), st.binary(min_size=1, max_size=3))
def test_json_with_a_few_bytes_damaged(body, place, damage):
    read(body[:place] + damage + body[place + len(damage) :])


@given(values)
def test_any_input(value):
    read(json.dumps({"type": "acme.letter", "input": value}).encode())


@pytest.mark.parametrize("levels", [1, 63, 64, 65, 100, 500, 990, 1000, 5000, 60_000])
@pytest.mark.parametrize("before", ['{"type":"acme.loose","input":', '{"priority":', ""])
def test_any_depth(before, levels):
    read((before + "[" * levels + "]" * levels + ("}" if before else "")).encode())
