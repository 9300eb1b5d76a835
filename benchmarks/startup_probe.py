"""One start of the API in a fresh interpreter: what it took, and what it imported.

Everything but listening: nothing is connected to, so it needs no servers.
"""

from __future__ import annotations

import time

_STARTED = time.perf_counter()

import json  # noqa: E402  (the clock runs by now)
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

HEAVY = ("PIL", "av", "typst", "openai", "pydantic", "taskiq", "aiohttp")
"""What an API has no use for, as long as no plugin's declarations need it."""


def main(folder: Path) -> None:
    """Start with ``folder`` as the working directory, and print the figures as JSON."""
    marks = {}
    begun = _STARTED

    def mark(what: str) -> None:
        nonlocal begun
        now = time.perf_counter()
        marks[what] = now - begun
        begun = now

    from penstock.app import Application  # noqa: PLC0415
    from penstock.cli.api import _build as build_api  # noqa: PLC0415
    from penstock.cli.serving import installed_plugins  # noqa: PLC0415
    from penstock.settings import Settings  # noqa: PLC0415

    mark("imports")
    catalogue = installed_plugins()
    mark("plugins")
    settings = Settings.load(
        {
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/l.db",
        },
        folder,
        plugins=[each.name for each in catalogue.plugins],
    )
    application = Application(settings, catalogue)
    build_api(application, settings, "key")
    mark("application")
    figures = {
        "seconds": marks,
        "task_types": len(catalogue.task_types),
        "quarantined": [each.name for each in catalogue.quarantined],
        "heavy": [each for each in HEAVY if each in sys.modules],
        "modules": len(sys.modules),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
