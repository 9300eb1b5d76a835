"""Mutants: the core with one promise taken out of it, to prove that the checker sees it.

``python -m tests.chaos.mutants`` runs some seeds on each. One that survives means that the checker
is blind, or that none of these contains what shows it.
"""

from tests.chaos.mutants.catalogue import MUTANTS
from tests.chaos.mutants.mutant import Mutant

__all__ = ["MUTANTS", "Mutant"]
