"""Processes in which ``def`` handlers run: they may be killed, limited in memory, and may crash.

:mod:`~penstock.processes.pool` is the worker's side, :mod:`~penstock.processes.child` the program
that runs in each process. This file imports neither, because a child has to start fast.
"""
