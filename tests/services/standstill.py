"""What a machine that is busy with others may add to whatever takes time."""

STANDSTILL = 10.0
"""Seconds. Room beside a promise: what would break the promise takes far longer, or for ever."""
