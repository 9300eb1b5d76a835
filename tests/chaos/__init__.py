"""Chaos: everything is broken while tasks run, and the promises are checked against the record.

`plan.py` draws from a seed what shall happen; `run.py` makes it happen; `checker/` looks at what
came of it; `mutants/` prove that the checker is not blind.
"""
