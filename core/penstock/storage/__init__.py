"""Where the bytes of artifacts live."""

from penstock.storage.object_storage import ObjectMissingError, ObjectStorage, StoredObject

__all__ = ["ObjectMissingError", "ObjectStorage", "StoredObject"]
