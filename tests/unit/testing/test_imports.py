"""The kit is there when it is asked for, and costs nothing before."""

import subprocess
import sys

import pytest


def imported(statement: str) -> set[str]:
    """The modules that a process has after a statement."""
    program = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return set(done.stdout.decode().split())


@pytest.mark.parametrize("statement", ["import penstock", "import penstock.testing"])
def test_nobody_gets_pytest_who_does_not_test(statement: str) -> None:
    assert not {"pytest", "_pytest"} & imported(statement)


def test_pytest_itself_gets_declarations_alone() -> None:
    modules = imported("import penstock.testing.pytest_plugin")

    assert not {"sqlalchemy", "redis", "litestar", "taskiq", "penstock.app"} & modules


def test_an_unknown_name_is_an_error() -> None:
    import penstock.testing

    with pytest.raises(AttributeError, match="Harnes"):
        _ = penstock.testing.Harnes
