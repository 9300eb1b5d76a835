"""Nothing is wrong with its code, which must not be imported."""

raise AssertionError("imported")
