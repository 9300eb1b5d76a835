"""A Redis that fails over: a master, its replicas, and the Sentinels that watch over them."""

import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import ResponseError

from penstock.embedded.binary import find_server_binary
from penstock.embedded.parent_death import dying_with_parent
from tests.services.certificates import Certificates
from tests.services.free_port import find_free_port
from tests.services.redis_server import RedisServer
from tests.services.server_group import ServerGroup
from tests.services.tls_proxy import TlsProxy

MASTER = "queues"
# Sentinels look at each other, and at their master, every second or two: a test has no such time.
_HURRY = {
    "PING-PERIOD": 200,
    "ASK-PERIOD": 200,
    "PUBLISH-PERIOD": 200,
    "INFO-PERIOD": 500,
    "TILT-PERIOD": 1000,  # how long they trust nobody after the machine was too busy
}


class SentinelCluster(ServerGroup):
    """Takes over within about three seconds of a master's death.

    Args:
        folder: for everybody's data and logs.
        replicas: how many there are beside the master.
        certificates: with them, clients reach everything by TLS; among themselves all speak
            plainly.
    """

    patience = 20.0

    def __init__(
        self, folder: Path, *, replicas: int = 1, certificates: Certificates | None = None
    ) -> None:
        self._folder = folder
        self._certificates = certificates
        self.servers = [RedisServer(folder / f"redis-{each}") for each in range(1 + replicas)]
        self.sentinel_ports = [find_free_port() for _ in range(3)]
        self._announced = {server: server.port for server in self.servers}
        self._public_ports = self.sentinel_ports
        self._sentinels: list[subprocess.Popen[bytes]] = []
        self._stack = ExitStack()

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self._public_ports)
        if self._certificates is None:
            return f"redis-sentinel://{hosts}/0?master={MASTER}"
        trusted = self._certificates.authority
        return f"rediss-sentinel://{hosts}/0?master={MASTER}&ssl_ca_certs={trusted}"

    @property
    def master(self) -> RedisServer:
        """The server that the Sentinels call the master."""
        port = self._named_by(self.sentinel_ports[0])
        return next(server for server in self.servers if self._announced[server] == port)

    def start(self) -> None:
        """Start everything; on return all Sentinels know each other, and the replicas."""
        for server in self.servers:
            self._stack.callback(server.stop)
        if self._certificates is not None:
            self._announced = {server: self._front(server.port) for server in self.servers}
            self._public_ports = [self._front(port) for port in self.sentinel_ports]
        self.revive()
        first, *others = self.servers
        for server in others:
            with Redis.from_url(server.url) as client:
                client.replicaof("127.0.0.1", self._announced[first])
        self._wait(lambda: all(map(_is_in_step, others)), "the replicas")
        for port in self.sentinel_ports:
            self._start_sentinel(port, self._announced[first])
        for port in self.sentinel_ports:
            self._hurry(port)
        self._wait(self._complete, "the Sentinels to know each other")

    def stop(self) -> None:
        for sentinel in self._sentinels:
            sentinel.terminate()
        for sentinel in self._sentinels:
            sentinel.wait()
        self._sentinels.clear()
        self._stack.close()

    def revive(self) -> None:
        """Start what was killed. A server ends with the thread that called this."""
        for server in self.servers:
            if server.runs:
                continue
            server.start()
            with Redis.from_url(server.url) as client:
                # Whoever joins is sent the data at once, instead of after five seconds.
                client.config_set("repl-diskless-sync-delay", 0)
                client.config_set("replica-announce-ip", "127.0.0.1")
                client.config_set("replica-announce-port", self._announced[server])

    def settle(self) -> None:
        """Return when every server is the master or a replica of it, and the Sentinels know."""
        self._wait(self._complete, "the Sentinels to know everybody")
        self._wait(
            lambda: all(_is_in_step(each) for each in self.servers if each is not self.master),
            "the replicas",
        )

    def kill_master(self) -> RedisServer:
        """End the master like a crash, and return it."""
        master = self.master
        master.kill()
        return master

    def fail_over(self) -> RedisServer:
        """Let another server take over in order: the master lives on as a replica.

        Returns:
            The server that was the master.
        """
        master = self.master
        with Redis(port=self.sentinel_ports[0], protocol=2) as sentinel:
            # It is refused while the Sentinel has not seen the replica lately.
            self._wait(
                lambda: sentinel.execute_command("SENTINEL", "FAILOVER", MASTER) == b"OK",
                "a Sentinel to begin the failover",
            )
        self.wait_for_another_master_than(master)
        return master

    def wait_for_another_master_than(self, old: RedisServer) -> None:
        """Return when every Sentinel names another server, and that one takes writes."""
        self._wait(
            lambda: (
                all(self._named_by(port) != self._announced[old] for port in self.sentinel_ports)
                and _info(self.master)["role"] == "master"
            ),
            "the failover",
        )

    def _front(self, port: int) -> int:
        """The port of a proxy with TLS."""
        assert self._certificates is not None
        context = self._certificates.server_context()
        return self._stack.enter_context(TlsProxy(port, context, plain_too=True)).port

    def _start_sentinel(self, port: int, master_port: int) -> None:
        folder = self._folder / f"sentinel-{port}"
        folder.mkdir()
        # Sentinels write what they learn into their configuration.
        configuration = folder / "sentinel.conf"
        configuration.write_text(
            f"port {port}\n"
            "bind 127.0.0.1\n"
            f"dir {folder}\n"
            f"sentinel monitor {MASTER} 127.0.0.1 {master_port} 2\n"
            f"sentinel down-after-milliseconds {MASTER} 500\n"
            f"sentinel failover-timeout {MASTER} 1000\n"
        )
        with (folder / "sentinel.log").open("wb") as log:
            process = subprocess.Popen(
                dying_with_parent([str(find_server_binary()), str(configuration), "--sentinel"]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        self._sentinels.append(process)

    def _hurry(self, port: int) -> None:
        self._wait(lambda: bool(self._ask(port)), "a Sentinel to answer")
        with Redis(port=port) as sentinel, suppress(ResponseError):  # Redis 6 has no such command
            for name, milliseconds in _HURRY.items():
                sentinel.execute_command("SENTINEL", "DEBUG", name, milliseconds)

    def _complete(self) -> bool:
        states = [self._ask(port) for port in self.sentinel_ports]
        return all(
            state["num-other-sentinels"] == len(self.sentinel_ports) - 1
            and state["num-slaves"] == len(self.servers) - 1
            and state["flags"] == "master"
            for state in states
        )

    def _named_by(self, sentinel_port: int) -> int:
        """The port of the master, as one Sentinel names it."""
        return int(self._ask(sentinel_port)["port"])

    def _ask(self, port: int) -> dict[str, Any]:
        with Redis(port=port, protocol=2) as sentinel:
            state: dict[str, Any] = sentinel.sentinel_masters()[MASTER]
            return state


def _is_in_step(replica: RedisServer) -> bool:
    return _info(replica).get("master_link_status") == "up"


def _info(server: RedisServer) -> dict[str, Any]:
    with Redis.from_url(server.url) as client:
        found: dict[str, Any] = client.info("replication")
        return found
