"""Formatting Python by ruff, the program that comes with this package's dependencies."""

import asyncio

from penstock_ai.child import talk


async def format_python(code: str) -> str:
    """The code with sorted imports, in the formatter's style.

    Raises:
        RuntimeError: it is not Python.
    """
    sorted_imports = await _ruff(code, "check", "--fix-only", "--select", "I,F401", "--quiet")
    return await _ruff(sorted_imports, "format")


async def _ruff(code: str, *arguments: str) -> str:
    from ruff import find_ruff_bin  # type: ignore[import-untyped]

    process = await asyncio.create_subprocess_exec(
        find_ruff_bin(),
        *arguments,
        # No settings and no cache of whatever folder this worker was started in.
        *("--isolated", "--no-cache", "--target-version", "py311", "--stdin-filename", "types.py"),
        "-",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # a Ctrl-C at the terminal is the worker's to handle
    )
    output, faults = await talk(process, code.encode(), f"ruff {arguments[0]}")
    if process.returncode:
        message = f"ruff {arguments[0]} failed: {faults.decode(errors='replace')[-2000:]}"
        raise RuntimeError(message)
    return output.decode()
