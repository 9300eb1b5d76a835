"""What ``REDIS_URL`` says: where Redis is, and who connects to it.

::

    redis://[user:password@]host[:6379][/db]           one server
    rediss://…                                          the same, by TLS
    unix://[user:password@]/path/to/socket[?db=0]
    redis-sentinel://[user:password@]host[:26379],…[/db]?master=name
    rediss-sentinel://…                                 the same; Redis and Sentinels by TLS
    redis-cluster://[user:password@]host[:6379],…       some nodes of a Redis Cluster
    rediss-cluster://…                                  the same, by TLS

It belongs to no room: the settings check it, and the engine connects by it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote

from penstock.declarations import PenstockError
from penstock.near_names import did_you_mean

FORMS = (
    "redis://host:6379/0, rediss://host:6379/0 (TLS), unix:///path/to/socket, "
    "redis-sentinel://host:26379,host:26379/0?master=name or "
    "redis-cluster://host:6379,host:6379"
)
SCHEMES = (
    "redis",
    "rediss",
    "unix",
    "redis-sentinel",
    "rediss-sentinel",
    "redis-cluster",
    "rediss-cluster",
)
_REDIS_PORT = 6379
_SENTINEL_PORT = 26_379
_MAX_PORT = 65_535
_HOST = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\s,\[\]:]+))(?::(?P<port>\d{1,5}))?")

_FOR_ALL = ("db", "username", "password")
_FOR_TLS = (
    "ssl_ca_certs",
    "ssl_certfile",
    "ssl_keyfile",
    "ssl_password",
    "ssl_check_hostname",
    "ssl_cert_reqs",
)
_FOR_SENTINEL = ("master", "sentinel_username", "sentinel_password")
OPTIONS = (*_FOR_ALL, *_FOR_SENTINEL, *_FOR_TLS)
"""What may stand behind the "?"."""
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_CERT_REQS = ("required", "optional", "none")


class RedisUrlError(PenstockError, ValueError):
    """What ``REDIS_URL`` says cannot be honoured; the message says what is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisUrl:
    """The parts of a URL that make sense together. Its ``repr`` shows no secret.

    Attributes:
        scheme: one of those above.
        hosts: the server, the Sentinels, or some nodes of the cluster; empty with a unix socket.
        socket: the path of a unix socket.
        db: the number of the database.
        master: by what name the Sentinels know the server; ``None`` without Sentinels.
        tls: redis-py's options of TLS by their names; empty without TLS, too.
    """

    scheme: str
    hosts: tuple[tuple[str, int], ...] = ()
    socket: str | None = None
    db: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    master: str | None = None
    sentinel_username: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)
    tls: Mapping[str, str | bool] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL.

        Unlike redis-py, which lets a URL overrule whatever the program asked for, this refuses an
        option that it does not know.

        Raises:
            ValueError: saying what is expected; it quotes no part that may be a secret.
        """
        scheme, separator, rest = text.partition("://")
        if not separator or scheme not in SCHEMES:
            raise ValueError(FORMS)
        rest, _, query = rest.partition("?")
        if "#" in text or "@" in query:
            raise ValueError(
                f"{FORMS}; in a user or a password, write # as %23, / as %2F, ? as %3F and @ as %40"
            )
        authority, _, path = rest.partition("/")
        userinfo, _, hosts = authority.rpartition("@")
        username, _, password = userinfo.partition(":")
        sentinel, cluster = scheme.endswith("-sentinel"), scheme.endswith("-cluster")
        tls = scheme.startswith("rediss")
        options = _options(query, sentinel=sentinel, tls=tls)
        if scheme == "unix" and (hosts or not path):
            raise ValueError(f"{FORMS}; a socket's path starts with the third slash")
        db = _database(options.get("db") or ("" if scheme == "unix" else path.rstrip("/")))
        if cluster and db:
            raise ValueError("a URL without a database: a Redis Cluster has none but 0")
        return cls(
            scheme=scheme,
            hosts=() if scheme == "unix" else _hosts(hosts, sentinel=sentinel, cluster=cluster),
            socket=f"/{unquote(path)}" if scheme == "unix" else None,
            db=db,
            username=unquote(username) or options.get("username"),
            password=unquote(password) or options.get("password"),
            master=_master(options) if sentinel else None,
            sentinel_username=options.get("sentinel_username"),
            sentinel_password=options.get("sentinel_password"),
            tls=_tls(options),
        )

    @property
    def is_cluster(self) -> bool:
        """Whether the hosts are nodes of a Redis Cluster."""
        return self.scheme.endswith("-cluster")

    @property
    def place(self) -> str:
        """Where that is, for people; without a secret."""
        if self.socket is not None:
            return self.socket
        hosts = ", ".join(map(name_of, self.hosts))
        if self.is_cluster:
            return f"the cluster of {hosts}"
        return hosts if self.master is None else f"master {self.master!r} of the Sentinels {hosts}"


def name_of(address: tuple[str, int]) -> str:
    """A host and a port as people write them."""
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _options(query: str, *, sentinel: bool, tls: bool) -> dict[str, str]:
    allowed = _FOR_ALL + (_FOR_TLS if tls else ()) + (_FOR_SENTINEL if sentinel else ())
    found: dict[str, str] = {}
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if name in _FOR_TLS and not tls:
            raise ValueError(f"a URL that starts with rediss, because {name} is an option of TLS")
        if name not in allowed:
            hint = did_you_mean(name, allowed, before="; ")
            # Not named: it may be the rest of a password with an "&".
            raise ValueError(f"a URL with no options but {', '.join(allowed)}{hint}")
        if not value or name in found:
            raise ValueError(f"a URL that gives its option {name} one value")
        # Not parse_qsl, which takes the "+" of a password for a space.
        found[name] = unquote(value)
    return found


def _hosts(text: str, *, sentinel: bool, cluster: bool) -> tuple[tuple[str, int], ...]:
    parts = text.split(",") if sentinel or cluster else [text]
    return tuple(_host(each, _SENTINEL_PORT if sentinel else _REDIS_PORT) for each in parts)


def _host(text: str, default_port: int) -> tuple[str, int]:
    found = _HOST.fullmatch(text)
    if found is None:
        raise ValueError(FORMS)
    host, port = found["v6"] or found["name"], int(found["port"] or default_port)
    try:
        host.encode("idna")
    except UnicodeError:
        raise ValueError(f"{FORMS}; there can be no such host") from None
    if not 1 <= port <= _MAX_PORT:
        raise ValueError(f"{FORMS}; a port is from 1 to {_MAX_PORT}")
    return host, port


def _database(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise ValueError("a URL whose database is a number, like redis://host:6379/0")
    return int(text)


def _master(options: Mapping[str, str]) -> str:
    if "master" not in options:
        raise ValueError(
            "the URL of Sentinels that says by what name they know the master, like "
            "redis-sentinel://host:26379,host:26379/0?master=mymaster"
        )
    return options["master"]


def _tls(options: Mapping[str, str]) -> Mapping[str, str | bool]:
    chosen: dict[str, str | bool] = {
        name: value for name, value in options.items() if name in _FOR_TLS
    }
    if "ssl_keyfile" in chosen and "ssl_certfile" not in chosen:
        raise ValueError("a URL with ssl_certfile beside ssl_keyfile")
    if (check := options.get("ssl_check_hostname")) is not None:
        if check.lower() not in _BOOLEANS:
            raise ValueError("a URL whose ssl_check_hostname is true or false")
        chosen["ssl_check_hostname"] = _BOOLEANS[check.lower()]
    if options.get("ssl_cert_reqs", "required") not in _CERT_REQS:
        raise ValueError(f"a URL whose ssl_cert_reqs is one of {', '.join(_CERT_REQS)}")
    return chosen
