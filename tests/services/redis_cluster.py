"""A Redis Cluster: masters that share the slots, and a replica of each."""

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from redis import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from tests.services.certificates import Certificates
from tests.services.free_port import find_free_port
from tests.services.redis_server import RedisServer
from tests.services.server_group import ServerGroup
from tests.services.tls_proxy import TlsProxy

MASTERS = 3
SLOTS = 16_384
_OPTIONS = {
    "cluster-enabled": "yes",
    # Milliseconds after which a silent node is given up; a replica takes over a second later.
    "cluster-node-timeout": "1000",
    # While one node is away, the others serve on.
    "cluster-require-full-coverage": "no",
    # However long a replica was cut off, it may take over.
    "cluster-replica-validity-factor": "0",
    # Each master keeps its own replica.
    "cluster-allow-replica-migration": "no",
    "repl-diskless-sync-delay": "0",
}


class NobodyKnowsError(Exception):
    """No server that runs says what was asked."""


class RedisCluster(ServerGroup):
    """Three masters and three replicas; one takes over within about two seconds.

    Args:
        folder: for everybody's data and logs.
        certificates: with them, clients reach everything by TLS; among themselves all speak
            plainly.
    """

    patience = 30.0

    def __init__(self, folder: Path, *, certificates: Certificates | None = None) -> None:
        self._certificates = certificates
        self._stack = ExitStack()
        self._bus_ports: dict[RedisServer, int] = {}
        self._announced: dict[RedisServer, int] = {}
        self.servers = [self._node(folder / f"node-{number}") for number in range(2 * MASTERS)]

    @property
    def url(self) -> str:
        """Two of the nodes: they name the others."""
        hosts = ",".join(f"127.0.0.1:{self._announced[each]}" for each in self.servers[:2])
        if self._certificates is None:
            return f"redis-cluster://{hosts}"
        return f"rediss-cluster://{hosts}?ssl_ca_certs={self._certificates.authority}"

    @property
    def masters(self) -> Sequence[RedisServer]:
        """Those that hold slots."""
        return [each for each in self.servers if each.runs and _holds_slots(each)]

    def holder_of(self, queue: str) -> RedisServer:
        """The server that holds a queue now, whether or not it runs."""
        slot = key_slot(f"{{{queue}}}".encode())
        for server in self.servers:
            with suppress(RedisError):
                for first, last, (_, port, *_), *_ in _ask(server, "CLUSTER SLOTS"):
                    if first <= slot <= last:
                        return next(s for s in self.servers if self._announced[s] == port)
        raise NobodyKnowsError(f"no server says who holds queue {queue!r}")

    def replica_of(self, master: RedisServer) -> RedisServer:
        """The server that would take over."""
        name = _name(master)
        for server in self.servers:
            if server.runs and f" slave {name} " in _itself(server):
                return server
        raise RuntimeError(f"the server on port {master.port} has no replica")

    def start(self) -> None:
        """Start everything; on return each slot is held, and every replica is in step."""
        for server in self.servers:
            self._stack.callback(server.stop)
            if self._certificates is not None:
                context = self._certificates.server_context()
                front = TlsProxy(server.port, context, plain_too=True)
                self._announced[server] = self._stack.enter_context(front).port
        self.revive()
        for epoch, server in enumerate(self.servers, 1):
            _ask(server, "CLUSTER SET-CONFIG-EPOCH", epoch)
        first, *others = self.servers
        for server in others:
            place = ("127.0.0.1", self._announced[first], self._bus_ports[first])
            _ask(server, "CLUSTER MEET", *place)
        masters, replicas = self.servers[:MASTERS], self.servers[MASTERS:]
        step = SLOTS // MASTERS + 1
        for number, server in enumerate(masters):
            last = min((number + 1) * step, SLOTS) - 1
            _ask(server, "CLUSTER ADDSLOTSRANGE", number * step, last)
        self._wait(
            lambda: all(_knows(each, len(self.servers)) for each in self.servers),
            "the nodes to know each other",
        )
        for master, replica in zip(masters, replicas, strict=True):
            _ask(replica, "CLUSTER REPLICATE", _name(master))
        self.settle()

    def stop(self) -> None:
        self._stack.close()

    def revive(self) -> None:
        """Start what was killed. A server ends with the thread that called this."""
        for server in self.servers:
            if server.runs:
                continue
            server.start()
            if self._announced[server] != server.port:
                _ask(server, "CONFIG SET", "cluster-announce-port", self._announced[server])

    def settle(self) -> None:
        """Return when everybody runs, each master has its replica, and all agree on that."""
        self._wait(
            lambda: (
                all(_is_well(each) for each in self.servers)
                and len({_layout(each) for each in self.servers}) == 1
                and len(self.masters) == MASTERS
            ),
            "the cluster to be well",
        )

    def fail_over(self, master: RedisServer) -> None:
        """Let the replica of ``master`` take over in order; it lives on as a replica of that."""
        _ask(self.replica_of(master), "CLUSTER FAILOVER")
        self.wait_for_another_master_than(master)

    def wait_for_another_master_than(self, old: RedisServer) -> None:
        """Return when every server but ``old`` knows one that has its slots."""
        port = self._announced[old]
        self._wait(
            lambda: all(
                port not in [each[2][1] for each in _ask(server, "CLUSTER SLOTS")]
                for server in self.servers
                if server.runs and server is not old
            ),
            "the failover",
        )

    def _node(self, folder: Path) -> RedisServer:
        bus_port = find_free_port()
        options = {**_OPTIONS, "cluster-port": str(bus_port)}
        server = RedisServer(folder, options)
        self._bus_ports[server] = bus_port
        self._announced[server] = server.port
        return server


def _ask(server: RedisServer, *command: Any) -> Any:
    with Redis(port=server.port, protocol=2) as client:
        return client.execute_command(*command)


def _name(server: RedisServer) -> str:
    return str(_ask(server, "CLUSTER MYID"), "ascii")


def _nodes(server: RedisServer) -> list[str]:
    """What a node knows of each: name, address, flags, master, and its slots at the end."""
    with Redis(port=server.port, protocol=2) as client:
        client.response_callbacks.pop("CLUSTER NODES", None)
        return str(client.execute_command("CLUSTER NODES"), "ascii").splitlines()


def _itself(server: RedisServer) -> str:
    return next(line for line in _nodes(server) if "myself" in line).replace("myself,", "")


def _holds_slots(server: RedisServer) -> bool:
    with suppress(RedisError):
        return len(_itself(server).split()) > 8
    return False


def _knows(server: RedisServer, count: int) -> bool:
    nodes = _nodes(server)
    return len(nodes) == count and not any("handshake" in each for each in nodes)


def _is_well(server: RedisServer) -> bool:
    with Redis(port=server.port) as client:
        replication: Any = client.info("replication")
    return (
        _ask(server, "CLUSTER INFO")["cluster_state"] == "ok"
        and not any("fail" in each for each in _nodes(server))
        and (
            replication["connected_slaves"] == 1
            if replication["role"] == "master"
            else replication["master_link_status"] == "up"
        )
    )


def _layout(server: RedisServer) -> str:
    """Who replicates whom, as one node sees it."""
    nodes = [line.replace("myself,", "").split() for line in _nodes(server)]
    return "\n".join(sorted(f"{name} {flags} {master}" for name, _, flags, master, *_ in nodes))
