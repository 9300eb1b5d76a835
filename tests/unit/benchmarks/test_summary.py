"""How the figures of several rounds become one."""

import pytest

from benchmarks.summary import Spread, percentile


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
