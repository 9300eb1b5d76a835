"""Whatever Redis and its client raise becomes one error, with a remedy where there is one."""

import pytest
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    ConnectionError,  # noqa: A004  (redis-py's own)
    MasterDownError,
    MovedError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,  # noqa: A004  (redis-py's own)
)
from redis.sentinel import MasterNotFoundError, SlaveNotFoundError

from penstock.engine import EngineUnavailableError
from penstock.engine.connections import is_no_master
from penstock.engine.errors import translated


def message_of(error: Exception) -> str:
    with pytest.raises(EngineUnavailableError) as caught, translated("count tasks"):
        raise error
    assert caught.value.__cause__ is error
    return str(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        BusyLoadingError("Redis is loading the dataset in memory"),
        ConnectionError("Connection closed by server."),
        MasterDownError("Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
        MasterNotFoundError("no Sentinel has a master 'queues' (a:26379: the master is down)"),
        ReadOnlyError("You can't write against a read only replica."),
        RedisError("whatever"),
        ResponseError("UNBLOCKED force unblock from blocking operation"),
        SlaveNotFoundError("No slave found for 'queues'"),
        TimeoutError("Timeout reading from 127.0.0.1:6379"),
        OSError(113, "No route to host"),
        UnicodeError("label too long"),
        ValueError("embedded null character"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_passes_by_itself_is_one_error_that_says_what_happened(error):
    assert message_of(error) == f"Redis could not count tasks: {type(error).__name__}: {error}"


NO_PERMISSION = "the user of REDIS_URL lacks this permission"
CORRECT_PASSWORD = "correct the user and the password in REDIS_URL"
ADD_PASSWORD = "put a user and a password into REDIS_URL"


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (NoPermissionError("User p has no permissions to run the 'info' command"), NO_PERMISSION),
        (NoPermissionError("No permissions to access a key"), NO_PERMISSION),
        (
            ResponseError(
                "ACL failure in script: User p has no permissions to run the 'zadd' command "
                "script: 7c41, on @user_script:9."
            ),
            NO_PERMISSION,
        ),
        (
            AuthenticationError("invalid username-password pair or user is disabled."),
            CORRECT_PASSWORD,
        ),
        (
            AuthenticationError(
                "AUTH <password> called without any password configured for the default user. "
                "Are you sure your configuration is correct?"
            ),
            CORRECT_PASSWORD,
        ),
        (
            MasterNotFoundError(
                "no Sentinel has a master 'queues' (a:26379: invalid username-password pair or "
                "user is disabled.)"
            ),
            "sentinel_password",
        ),
        (AuthenticationError("Authentication required."), ADD_PASSWORD),
        (ConnectionError("[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert"), "?ssl_certfile="),
        (ConnectionError("[SSL: RECORD_LAYER_FAILURE] record layer failure"), "not speak TLS"),
        (ResponseError("unknown command 'SENTINEL', with args"), "should name Sentinels"),
        (MovedError("1234 10.0.0.1:6379"), "write redis-cluster:// instead of redis://"),
        (ClusterDownError("The cluster is down"), "cluster-require-full-coverage no"),
        (
            ResponseError("This instance has cluster support disabled"),
            "write redis:// instead of redis-cluster://",
        ),
        (OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), "maxmemory"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_an_operator_has_to_do_is_said(error, remedy):
    assert remedy in message_of(error)


@pytest.mark.parametrize(
    "error",
    [
        ReadOnlyError("You can't write against a read only replica."),
        MasterDownError("Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
        # As Redis 6 passes on what a script was told.
        ResponseError(
            "Error running script (call to f_7c41): @user_script:9: @user_script: 9: -READONLY "
            "You can't write against a read only replica."
        ),
        ResponseError(
            "UNBLOCKED force unblock from blocking operation, instance state changed (master -> "
            "replica?)"
        ),
        ResponseError("NOREPLICAS Not enough good replicas to write."),
    ],
    ids=lambda error: str(error).split(maxsplit=1)[0],
)
def test_a_server_that_is_no_master_is_recognised(error):
    assert is_no_master(error)


def test_a_server_that_refuses_for_another_reason_is_not_left():
    assert not is_no_master(ResponseError("EPOCH 1-abc"))
