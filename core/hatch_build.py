"""Ship the migrations of the checkout inside the package."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class MigrationsBuildHook(BuildHookInterface):
    """Adds `migrations/`, which stands beside `core/` in a checkout, as `penstock/_migrations`.

    A plain `force-include` would do for a wheel that is built from a checkout, but not for one
    that is built from an sdist: there the migrations are in the package already. An editable
    installation reads them from the checkout.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        migrations = Path(self.root).parent / "migrations"
        shipped = Path(self.root) / "penstock" / "_migrations"
        if version == "editable" or shipped.is_dir():
            return
        for file in sorted(migrations.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                target = Path("penstock/_migrations") / file.relative_to(migrations)
                build_data["force_include"][str(file)] = str(target)
        if not (migrations / "env.py").is_file():
            msg = f"no migrations to ship: expected {migrations / 'env.py'} beside {self.root}"
            raise FileNotFoundError(msg)
