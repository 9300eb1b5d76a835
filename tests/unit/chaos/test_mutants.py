"""The catalogue of mutants."""

from tests.chaos.checker import INVARIANTS
from tests.chaos.mutants import MUTANTS


def test_names_are_unique():
    assert len({each.name for each in MUTANTS}) == len(MUTANTS)


def test_each_mutant_is_to_be_caught_by_an_invariant_that_exists():
    for mutant in MUTANTS:
        assert mutant.caught_by
        assert mutant.caught_by <= INVARIANTS.keys()
