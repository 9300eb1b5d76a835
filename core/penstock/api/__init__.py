"""The HTTP API: tasks in, outcomes out, and what there is to know about both."""

from penstock.api.access import Access, Principal, SingleKeyAccess, UnauthorizedError
from penstock.api.app import create_api

__all__ = ["Access", "Principal", "SingleKeyAccess", "UnauthorizedError", "create_api"]
