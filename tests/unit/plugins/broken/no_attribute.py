"""Its entry point names an object that is not there."""

answer = 42
