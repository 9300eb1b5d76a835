"""The OpenAPI document: the routes, and one typed schema per installed task type."""

from penstock.api.openapi.document import openapi_document

__all__ = ["openapi_document"]
