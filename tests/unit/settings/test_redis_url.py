"""REDIS_URL: one server or Sentinels, with and without TLS."""

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.redis_url import RedisUrl

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("redis://cache", RedisUrl(scheme="redis", hosts=(("cache", 6379),))),
        ("redis://cache:6380/", RedisUrl(scheme="redis", hosts=(("cache", 6380),))),
        ("redis://[::1]:6380/3", RedisUrl(scheme="redis", hosts=(("::1", 6380),), db=3)),
        ("redis://my_cache?db=4", RedisUrl(scheme="redis", hosts=(("my_cache", 6379),), db=4)),
        (
            "redis://:a%40b@cache",
            RedisUrl(scheme="redis", hosts=(("cache", 6379),), password="a@b"),
        ),
        (
            "redis://user:p:w@cache",
            RedisUrl(scheme="redis", hosts=(("cache", 6379),), username="user", password="p:w"),
        ),
        ("unix:///run/my%20redis.sock", RedisUrl(scheme="unix", socket="/run/my redis.sock")),
        (
            "unix://user:pw@/run/redis.sock?db=2",
            RedisUrl(scheme="unix", socket="/run/redis.sock", db=2, username="user", password="pw"),
        ),
        (
            "rediss://cache?ssl_ca_certs=/ca.pem&ssl_check_hostname=No&ssl_cert_reqs=optional",
            RedisUrl(
                scheme="rediss",
                hosts=(("cache", 6379),),
                tls={
                    "ssl_ca_certs": "/ca.pem",
                    "ssl_check_hostname": False,
                    "ssl_cert_reqs": "optional",
                },
            ),
        ),
        (
            "redis-sentinel://user:pw@a,b:1,[::1]:2/5?master=q&sentinel_username=u&sentinel_password=a+b%26c",
            RedisUrl(
                scheme="redis-sentinel",
                hosts=(("a", 26379), ("b", 1), ("::1", 2)),
                db=5,
                username="user",
                password="pw",
                master="q",
                sentinel_username="u",
                sentinel_password="a+b&c",
            ),
        ),
        (
            "rediss-sentinel://a/0?master=m&ssl_certfile=/c.pem&ssl_keyfile=/c.key",
            RedisUrl(
                scheme="rediss-sentinel",
                hosts=(("a", 26379),),
                master="m",
                tls={"ssl_certfile": "/c.pem", "ssl_keyfile": "/c.key"},
            ),
        ),
        (
            "redis-cluster://user:pw@a,b:7001/",
            RedisUrl(
                scheme="redis-cluster",
                hosts=(("a", 6379), ("b", 7001)),
                username="user",
                password="pw",
            ),
        ),
        (
            "rediss-cluster://a/0?ssl_ca_certs=/ca.pem",
            RedisUrl(
                scheme="rediss-cluster", hosts=(("a", 6379),), tls={"ssl_ca_certs": "/ca.pem"}
            ),
        ),
    ],
)
def test_what_makes_sense_is_read(text, expected):
    assert RedisUrl.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "redis://host:6379/0"),
        ("cache:6379", "redis://host:6379/0"),
        ("http://cache", "redis://host:6379/0"),
        ("redis://", "redis://host:6379/0"),
        ("redis://:6379", "redis://host:6379/0"),
        ("redis://cache:x", "redis://host:6379/0"),
        ("redis://cache:0", "from 1 to 65535"),
        ("redis://cache:65536", "from 1 to 65535"),
        ("redis://ca che", "redis://host:6379/0"),
        ("redis://a..b", "no such host"),
        (f"redis://{'a' * 64}.b", "no such host"),
        ("redis://a,b", "redis-sentinel://host:26379,host:26379/0?master=name"),
        ("redis://cache/first", "a number"),
        ("redis://cache/-1", "a number"),
        ("redis://cache?db=x", "a number"),
        ("redis://cache#0", "# as %23"),
        ("redis://cache?protocol=3", "no options but db, username, password"),
        ("redis://cache?decode_responses=yes", "no options but db"),
        ("redis://cache?usrname=u", "did you mean 'username'?"),
        ("redis://cache?master=m", "no options but db"),
        ("redis://cache?db=1&db=2", "db one value"),
        ("redis://cache?db=", "db one value"),
        ("redis://cache?ssl_ca_certs=/ca.pem", "starts with rediss, because ssl_ca_certs"),
        ("rediss://cache?ssl_cacerts=/ca.pem", "did you mean 'ssl_ca_certs'?"),
        ("rediss://cache?ssl_check_hostname=off", "ssl_check_hostname is true or false"),
        ("rediss://cache?ssl_cert_reqs=never", "required, optional, none"),
        ("rediss://cache?ssl_keyfile=/c.key", "ssl_certfile beside ssl_keyfile"),
        ("redis-sentinel://a:26379/0", "?master=mymaster"),
        ("redis-sentinel://a,,b/0?master=m", "redis-sentinel://host:26379,host:26379/0"),
        ("redis-cluster://a,,b", "redis-cluster://host:6379,host:6379"),
        ("redis-cluster://a/1", "a Redis Cluster has none but 0"),
        ("redis-cluster://a?master=m", "no options but db"),
        ("unix://run/redis.sock", "third slash"),
        ("unix://", "third slash"),
    ],
)
def test_what_makes_none_is_refused_with_what_is_expected(text, expected):
    with pytest.raises(ValueError, match=r".") as caught:
        RedisUrl.parse(text)

    assert expected in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f"redis://user:{SECRET}?@cache",
        f"redis://user:a?{SECRET}@cache",
        f"redis://user:a?{SECRET}=x@cache",
        f"redis://user:a/{SECRET}@cache",
        f"redis://user:a#{SECRET}@cache",
        f"redis-sentinel://a/0?sentinel_password=x&{SECRET}",
        f"redis-sentinel://a/0?sentinel_passwort={SECRET}",
        f"redis://user:{SECRET}@cache:port",
    ],
)
def test_a_refusal_quotes_no_secret(text):
    with pytest.raises(ValueError, match=r".") as caught:
        RedisUrl.parse(text)

    assert SECRET not in str(caught.value)


@given(st.text(min_size=1))
def test_every_escaped_password_is_read_as_it_is(password):
    escaped = quote(password, safe="")
    url = RedisUrl.parse(f"redis-sentinel://u:{escaped}@a/0?master=m&sentinel_password={escaped}")

    assert (url.password, url.sentinel_password) == (password, password)


@given(st.sampled_from(["redis", "unix", "rediss-sentinel"]), st.text())
def test_whatever_it_is_the_only_complaint_is_a_value_error(scheme, rest):
    with suppress(ValueError):
        RedisUrl.parse(f"{scheme}://{rest}")


def test_its_repr_and_its_place_show_no_secret():
    url = RedisUrl.parse(
        f"rediss-sentinel://u:{SECRET}@a,[::1]/0?master=m&sentinel_password={SECRET}"
        f"&ssl_certfile=c&ssl_password={SECRET}"
    )

    assert SECRET not in repr(url)
    assert url.place == "master 'm' of the Sentinels a:26379, [::1]:26379"
    assert RedisUrl.parse(f"redis-cluster://u:{SECRET}@a,b:1").place == "the cluster of a:6379, b:1"


def test_places():
    assert RedisUrl.parse("redis://:pw@cache/1").place == "cache:6379"
    assert RedisUrl.parse("unix:///run/redis.sock").place == "/run/redis.sock"
