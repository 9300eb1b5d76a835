"""docs/tutorial.md: its blocks, in order, by somebody who does nothing but copy them."""

import os
import site
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

import pytest

from tests.acceptance.dev_process import running_dev
from tests.unit.docs.pages import DOCS, Block, blocks

BLOCKS = list(blocks(DOCS / "tutorial.md"))
# pip fetches nothing: it builds with what is installed, and finds there what the package needs.
OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_BUILD_ISOLATION": "0",  # as in pip's configuration: this turns the isolation off
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}


class Reader:
    """Somebody at two terminals, in an environment that has what this one has.

    Args:
        folder: where the tutorial is begun.
        port: where `penstock dev` is to listen.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        environment = folder / "new-env"
        venv.create(environment, symlinks=True)
        self.python = environment / "bin" / "python"
        (packages,) = environment.glob("lib/*/site-packages")
        lines = [f"import site; site.addsitedir({each!r})" for each in site.getsitepackages()]
        (packages / "this.pth").write_text("\n".join(lines))
        for name in ("penstock", "pip", "pytest"):
            self._program(name)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    def _program(self, name: str) -> None:
        assert Path(sys.executable).with_name(name).exists(), f"`make install` brings no {name}"
        program = self.python.with_name(name)
        program.write_text(f'#!/bin/sh\nexec "{self.python}" -m {name} "$@"\n')
        program.chmod(0o755)

    def do(self, block: Block) -> None:
        """Type a block of commands; or save a file whose name is the first line of a program."""
        if block.language == "python":
            name, _, program = block.text.removeprefix("# ").partition("\n")
            assert name.endswith(".py"), f"{block} does not say what file it is"
            (self.folder / name).write_text(program)
        elif block.text == "penstock dev\n":
            dev = running_dev(self.folder, self.port, python=self.python)
            self._stack.enter_context(dev).wait_for("read its result")
        else:
            self._type(block)

    def _type(self, block: Block) -> None:
        path = f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-ec", f"{block.text}pwd >&2"],
            cwd=self.folder,
            env={
                **os.environ,
                **OFFLINE,
                "PATH": path,
                "PENSTOCK_PORT": str(self.port),
                "CI": "",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{block}:\n{done.stdout}\n{done.stderr}"
        self.folder = Path(done.stderr.splitlines()[-1])


@pytest.fixture
def reader(tmp_path: Path, free_port: int) -> Iterator[Reader]:
    with Reader(tmp_path, free_port) as reader:
        yield reader


def test_each_block_does_what_the_text_says(reader: Reader) -> None:
    for block in BLOCKS:
        reader.do(block)

    assert reader.folder.name == "penstock-acme"
    assert (reader.folder / "letter.txt").read_text() == "Dear Ada,\nabout engines: all is well."
