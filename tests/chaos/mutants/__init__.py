"""Mutants: the core with one promise taken out of it, to prove that the checker sees it.

``python -m tests.chaos.mutants`` runs the short seed on each. One that survives means that the
checker is blind, or that the short seed does not contain what shows it.
"""

from tests.chaos.mutants.catalogue import MUTANTS
from tests.chaos.mutants.mutant import Mutant

__all__ = ["MUTANTS", "Mutant"]
