"""How the figures of several rounds become one, and are compared."""

import pytest

from benchmarks.summary import LATENCIES, MEMORY, PHASES, RATES, Spread, counters, cpu, percentile
from tests.unit.benchmarks.results import a_peer, a_round

BULK, CALLERS, DRAIN = RATES


def test_a_spread_is_the_median_between_the_least_and_the_greatest():
    assert Spread.of([900.0, 100.0, 300.0]) == Spread(median=300.0, least=100.0, greatest=900.0)


def test_the_median_of_an_even_number_of_rounds_lies_between_the_two_in_the_middle():
    assert Spread.of([1.0, 2.0, 4.0, 100.0]).median == 3.0


@pytest.mark.parametrize(("percent", "expected"), [(1, 1), (50, 50), (99, 99), (100, 100)])
def test_a_percentile_is_a_value_that_was_measured(percent, expected):
    values = [float(each) for each in range(100, 0, -1)]

    assert percentile(values, percent) == expected


def test_the_99th_percentile_of_few_values_is_the_greatest():
    assert percentile([3.0, 1.0, 2.0], 99) == 3.0


@pytest.mark.parametrize("percent", [0, 101])
def test_a_percentage_out_of_range_is_refused(percent):
    with pytest.raises(ValueError, match=f"above 0 and up to 100, got {percent}"):
        percentile([1.0], percent)


def test_nothing_measured_has_no_summary():
    with pytest.raises(ValueError, match="at least one measurement"):
        Spread.of([])
    with pytest.raises(ValueError, match="at least one measurement"):
        percentile([], 50)


def test_a_rate_is_the_median_of_the_rounds():
    peer = a_peer("penstock", a_round(drain=100), a_round(drain=300), a_round(drain=200))

    assert DRAIN.spread(peer) == Spread(median=200.0, least=100.0, greatest=300.0)


def test_a_ratio_is_the_peers_median_by_the_references():
    reference = a_peer("penstock", a_round(drain=200), a_round(drain=400))
    peer = a_peer("other", a_round(drain=600))

    assert DRAIN.ratio(peer, reference) == pytest.approx(2.0)
    assert DRAIN.ratio(reference, reference) == 1.0


def test_a_peer_without_redis_has_neither_bytes_nor_a_ratio_of_them():
    with_redis = a_peer("penstock", a_round(redis_bytes=80.0))
    without = a_peer("other", a_round(redis_bytes=None))

    assert MEMORY.spread(without) is None
    assert MEMORY.ratio(without, with_redis) is None


def test_latency_is_told_from_the_return_and_from_the_call_of_submit():
    peer = a_peer("penstock", a_round(pickups=[(0, 1_000_000, 3_000_000)]))

    told = {each.key: each.spread(peer) for each in LATENCIES}

    assert told["return_p50"] == Spread(median=2.0, least=2.0, greatest=2.0)
    assert told["call_p99"] == Spread(median=3.0, least=3.0, greatest=3.0)


def test_cpu_and_counters_are_told_by_name_and_per_task():
    peer = a_peer("penstock", a_round(drain=100), a_round(drain=100))
    drain = dict(PHASES)["drain by one worker"]

    assert cpu(peer, drain)["worker"].median == pytest.approx(1e6 / 100)
    assert counters(peer, drain)["SQL statements"].median == 0.5
