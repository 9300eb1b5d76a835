"""The embedded server, run for real."""

import os
import signal
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from redis import Redis

from penstock.embedded import EmbeddedRedis, EmbeddedServerError, find
from penstock.embedded.binary import bundled_server_binary, find_server_binary


@pytest.fixture(params=["on the path", "bundled"])
def program(request):
    return find_server_binary() if request.param == "on the path" else bundled_server_binary()


@pytest.fixture
def server(tmp_path, program):
    with EmbeddedRedis(tmp_path / "data", binary=program) as server:
        yield server


@pytest.fixture
def client(server):
    with Redis.from_url(server.url) as client:
        yield client


def program_that(tmp_path: Path, script: str) -> Path:
    program = tmp_path / "server"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def test_it_answers_as_soon_as_start_returns(client):
    assert client.ping()


def test_it_listens_on_no_port(server, client):
    assert client.config_get("port") == {"port": "0"}
    assert server.url.startswith("unix:///")


def test_its_socket_is_for_this_user_only(server, client, tmp_path):
    assert (tmp_path / "data" / "redis.sock").stat().st_mode & 0o777 == 0o700


def test_it_appends_to_disk_every_second_and_never_evicts(client):
    for option, value in {
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
    }.items():
        assert client.config_get(option) == {option: value}


def test_what_it_held_is_there_after_a_restart(server):
    with Redis.from_url(server.url) as client:
        client.set("kept", "yes")
    server.stop()
    server.start()
    with Redis.from_url(server.url) as client:
        assert client.get("kept") == b"yes"


def test_stop_ends_the_process_and_removes_the_socket(server, tmp_path):
    pid = server.pid
    server.stop()
    assert not psutil.pid_exists(pid)
    assert not (tmp_path / "data" / "redis.sock").exists()


def test_other_processes_find_it_by_its_folder_while_it_runs(server, tmp_path):
    assert find(tmp_path / "data") == server.url
    with pytest.raises(EmbeddedServerError), EmbeddedRedis(tmp_path / "data"):
        pass
    assert find(tmp_path / "data") == server.url

    server.stop()

    assert find(tmp_path / "data") is None


def test_stop_is_harmless_before_start_and_after_stop(tmp_path):
    server = EmbeddedRedis(tmp_path)
    server.stop()
    server.start()
    server.stop()
    server.stop()
    assert server.pid is None


def test_the_url_before_start_says_what_is_missing(tmp_path):
    with pytest.raises(EmbeddedServerError, match=r"before start\(\)"):
        _ = EmbeddedRedis(tmp_path).url


def test_a_folder_with_spaces_and_umlauts_works(tmp_path):
    with (
        EmbeddedRedis(tmp_path / "Größe & mehr %20") as server,
        Redis.from_url(server.url) as client,
    ):
        assert client.ping()


def test_a_folder_too_deep_for_a_socket_gets_one_elsewhere(tmp_path):
    deep = tmp_path / ("d" * 120)
    with EmbeddedRedis(deep) as server, Redis.from_url(server.url) as client:
        assert client.ping()
        socket_path = Path(client.connection_pool.connection_kwargs["path"])
        assert len(os.fsencode(socket_path)) < 104
    assert not socket_path.parent.exists()


def test_a_port_is_listened_on_at_loopback_only(tmp_path, free_port):
    with EmbeddedRedis(tmp_path, port=free_port) as server:
        assert server.url == f"redis://127.0.0.1:{free_port}/0"
        with Redis.from_url(server.url) as client:
            assert client.config_get("bind") == {"bind": "127.0.0.1"}


def test_a_port_that_is_taken_is_named(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(EmbeddedServerError, match=f"port {port} of 127.0.0.1"):
            EmbeddedRedis(tmp_path, port=port).start()


def test_a_second_server_on_the_same_folder_is_told_who_holds_it(server, tmp_path):
    with pytest.raises(EmbeddedServerError, match=rf"{os.getpid()} \(its server is {server.pid}\)"):
        EmbeddedRedis(tmp_path / "data").start()


def test_the_refused_second_server_leaves_the_first_alone(server, client, tmp_path):
    with pytest.raises(EmbeddedServerError):
        EmbeddedRedis(tmp_path / "data").start()
    assert client.ping()


def test_a_server_that_ends_at_once_shows_the_end_of_its_log(tmp_path):
    broken = program_that(tmp_path, "echo cannot open the dam; exit 3")
    with pytest.raises(EmbeddedServerError, match=r"(?s)exit code 3 .*cannot open the dam"):
        EmbeddedRedis(tmp_path / "data", binary=broken).start()


def test_a_server_that_never_answers_is_given_up_and_ended(tmp_path):
    silent = program_that(tmp_path, "echo $$; exec sleep 600")
    server = EmbeddedRedis(
        tmp_path / "data", binary=silent, start_timeout=timedelta(milliseconds=300)
    )
    with pytest.raises(EmbeddedServerError, match=r"does not answer after 0\.3 s"):
        server.start()
    assert not psutil.pid_exists(int(server.log_path.read_text()))


def test_after_a_failed_start_the_folder_is_free(tmp_path):
    broken = program_that(tmp_path, "exit 1")
    with pytest.raises(EmbeddedServerError):
        EmbeddedRedis(tmp_path / "data", binary=broken).start()
    with EmbeddedRedis(tmp_path / "data") as server:
        assert server.pid is not None


def test_a_server_that_ignores_sigterm_is_killed(tmp_path):
    server = EmbeddedRedis(tmp_path, stop_timeout=timedelta(milliseconds=200))
    server.start()
    process = psutil.Process(server.pid)
    process.suspend()
    server.stop()
    assert not process.is_running()


if sys.platform == "linux":  # nowhere else is a child told of its parent's end

    def test_it_ends_with_a_parent_that_is_killed(tmp_path):
        script = (
            "import sys; from pathlib import Path; from penstock.embedded import EmbeddedRedis\n"
            "server = EmbeddedRedis(Path(sys.argv[1])); server.start()\n"
            "print(server.pid, flush=True); sys.stdin.read()"
        )
        with subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as parent:
            assert parent.stdout is not None
            server = psutil.Process(int(parent.stdout.readline()))
            parent.send_signal(signal.SIGKILL)
            server.wait(timeout=10)
        with EmbeddedRedis(tmp_path) as successor:
            assert successor.pid is not None
