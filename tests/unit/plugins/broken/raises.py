"""It fails when it is imported."""

SHARE = 1 / 0
