"""What is known of a cluster's nodes, as they answer, fail and move."""

from redis.exceptions import MovedError

from penstock.engine.cluster_map import ClusterMap, slot_of, slot_of_queue
from penstock.engine.keys import QueueKeys
from penstock.redis_url import name_of

A, B, C = ("10.0.0.1", 7001), ("10.0.0.2", 7002), ("10.0.0.3", 7003)
SLOTS = [
    [8000, 16383, [b"10.0.0.2", 7002, b"name-of-b", []]],
    [0, 7000, [b"10.0.0.1", 7001, b"name-of-a", []], [b"10.0.0.3", 7003, b"name-of-c", []]],
]


def known() -> ClusterMap:
    nodes = ClusterMap([A])
    nodes.learn(A, SLOTS)
    return nodes


def test_before_anybody_answered_everything_is_to_be_asked():
    nodes = ClusterMap([A, B])
    assert nodes.node_of(0) is None
    assert nodes.masters == nodes.trusted == []
    assert nodes.to_ask == [A, B]


def test_an_answer_tells_who_holds_which_slot():
    nodes = known()
    assert [nodes.node_of(slot) for slot in (0, 7000, 8000, 16383)] == [A, A, B, B]
    assert nodes.node_of(7500) is None
    assert nodes.masters == [A, B]


def test_whoever_answered_or_failed_is_asked_last():
    nodes = known()
    assert nodes.to_ask == [B, C, A]
    nodes.doubt(B)
    assert nodes.to_ask == [C, A, B]
    nodes.learn(C, SLOTS)
    assert nodes.to_ask == [A, B, C]


def test_only_what_a_node_that_failed_holds_is_to_be_asked_anew():
    nodes = known()
    nodes.doubt(A)
    assert (nodes.node_of(0), nodes.node_of(8000)) == (None, B)
    assert nodes.trusted == [B]
    nodes.learn(B, SLOTS)
    assert nodes.node_of(0) == A


def test_a_slot_that_moved_is_where_a_node_says_until_the_next_answer():
    nodes = known()
    assert nodes.moved(MovedError("5 10.0.0.3:7003"), A) == C
    assert (nodes.node_of(5), nodes.node_of(6)) == (C, A)
    assert nodes.masters == [A, B, C]
    # A node that names no host means its own.
    assert nodes.moved(MovedError("6 :7009"), A) == ("10.0.0.1", 7009)
    nodes.learn(A, SLOTS)
    assert nodes.node_of(5) == A


def test_a_node_that_does_not_know_its_own_name_is_where_it_was_asked():
    nodes = ClusterMap([A])
    nodes.learn(A, [[0, 9, [None, 7001]], [10, 19, [b"?", 7002]], [20, 29, [b"", 7003]]])
    assert [host for host, _ in nodes.masters] == ["10.0.0.1"] * 3


def test_all_keys_of_a_queue_are_in_the_slot_of_its_name():
    keys = QueueKeys.of("penstock", "acme")
    slots = {slot_of(("GET", key)) for key in keys}
    assert slots == {slot_of_queue("acme")}
    assert slot_of(("EVALSHA", "sha", len(keys), *keys, "argument")) == slot_of_queue("acme")
    assert slot_of(("BLPOP", keys.wake.encode(), 1)) == slot_of_queue("acme")
    assert slot_of(("INFO", "server")) is None


def test_an_address_is_written_as_people_do():
    assert name_of(A) == "10.0.0.1:7001"
    assert name_of(("::1", 7001)) == "[::1]:7001"
