"""What an operator can do about an error of Redis that no waiting will cure."""

_MORE = "docs/redis.md says more"
# What stands in the error's text, in this order, and the remedy. A text, because Sentinels, scripts
# and TLS wrap the error that tells into another one.
_REMEDIES = (
    (
        ("NoPermissionError", "NOPERM", "ACL failure", "no permissions"),
        f"the user of REDIS_URL lacks this permission: grant it by ACL SETUSER; {_MORE}",
    ),
    (
        ("invalid username-password pair", "invalid password", "without any password configured"),
        (
            "correct the user and the password in REDIS_URL (of Sentinels, also "
            "sentinel_username and sentinel_password)"
        ),
    ),
    (
        ("Authentication required", "NOAUTH"),
        (
            "put a user and a password into REDIS_URL (of Sentinels, perhaps sentinel_username and "
            "sentinel_password)"
        ),
    ),
    (
        ("Hostname mismatch", "IP address mismatch"),
        (
            "the certificate of the server is for another name than the one in REDIS_URL: use that "
            f"name, or add ssl_check_hostname=false; {_MORE}"
        ),
    ),
    (
        ("CERTIFICATE_VERIFY_FAILED",),
        (
            "the certificate of the server is of no authority that is trusted here: name the file "
            f"of its authority in REDIS_URL, by ?ssl_ca_certs=/path/to/ca.pem; {_MORE}"
        ),
    ),
    (
        ("CERTIFICATE_REQUIRED", "HANDSHAKE_FAILURE", "UNKNOWN_CA", "BAD_CERTIFICATE"),
        (
            "the server wants a certificate of the client that it trusts: name one in REDIS_URL, "
            f"by ?ssl_certfile=/path/to/client.pem&ssl_keyfile=/path/to/client.key; {_MORE}"
        ),
    ),
    (
        ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"),
        (
            "the server does not speak TLS at this port: write redis instead of rediss in "
            "REDIS_URL, or its port for TLS"
        ),
    ),
    (
        ("unknown command 'SENTINEL'", "unknown command `SENTINEL`"),
        "REDIS_URL names a Redis where it should name Sentinels, whose port is usually 26379",
    ),
    (
        ("MovedError", "CROSSSLOT", "ClusterCrossSlotError"),
        (
            "REDIS_URL names a node of a Redis Cluster: write redis-cluster:// instead of redis:// "
            "(rediss-cluster:// instead of rediss://)"
        ),
    ),
    (
        ("cluster support disabled",),
        (
            "REDIS_URL names a Redis that belongs to no cluster: write redis:// instead of "
            "redis-cluster:// (rediss:// instead of rediss-cluster://)"
        ),
    ),
    (
        ("ClusterDownError",),
        (
            "masters of the Redis Cluster are away, and have no replica yet that took over; with "
            "cluster-require-full-coverage no, the others serve on meanwhile"
        ),
    ),
    (
        ("OutOfMemoryError", "OOM command not allowed"),
        "its memory is full: raise maxmemory",
    ),
)


def remedy(error: BaseException) -> str:
    """What to do about ``error``; empty if that is to wait, or nobody knows."""
    text = f"{type(error).__name__}: {error}"
    for signs, what in _REMEDIES:
        if any(sign in text for sign in signs):
            return what
    return ""
