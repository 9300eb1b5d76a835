"""The ``penstock`` command. One file per sub-command; each is imported only when it is called."""

from penstock.cli.root import main

__all__ = ["main"]
