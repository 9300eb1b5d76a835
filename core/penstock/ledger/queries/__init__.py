"""The hand-tuned statements: one folder a dialect, one file a statement, the same names in each."""

from importlib.resources import files

from sqlalchemy import TextClause, text


def query(dialect: str, name: str) -> TextClause:
    """The statement ``name`` for ``dialect`` (``postgresql`` or ``sqlite``)."""
    return text(files(__name__).joinpath(dialect, f"{name}.sql").read_text(encoding="utf-8"))
