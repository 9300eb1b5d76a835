"""An environment as somebody has it who installs wheels: of the checkout it knows nothing."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_UV = ROOT / ".tools" / "uv"


def build_wheel(source: Path, destination: Path) -> Path:
    """Build the wheel of ``source`` with the locked builder."""
    return build(source, "wheel", destination)


def build(source: Path, target: str, destination: Path) -> Path:
    """Build ``target``, a wheel or sdist, into an empty folder."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(destination)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (built,) = destination.iterdir()
    return built


class FreshEnvironment:
    """A virtual environment with the locked requirements, and the wheels that are installed.

    The requirements are those of the environment that the tests run in, and not copied.
    """

    def __init__(self, folder: Path) -> None:
        self.python = folder / "environment" / "bin" / "python"
        venv.create(folder / "environment", symlinks=True, with_pip=False)
        requirements = folder / "requirements"
        requirements.mkdir()
        for path in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib")):
            for each in Path(path).iterdir():
                # Neither the checkout's distributions nor what leads into it.
                is_ours = each.name.replace("-", "_").startswith(("penstock", "_editable"))
                target = requirements / each.name
                if not is_ours and each.suffix != ".pth" and not target.exists():
                    target.symlink_to(each)
        (own,) = folder.glob("environment/lib/python*/site-packages")
        (own / "requirements.pth").write_text(f"{requirements}\n")

    def install(self, *wheels: Path) -> None:
        """Install wheels; what they need is there."""
        command: list[Path | str] = [_UV, "pip", "install", "--quiet", "--python", self.python]
        command += ["--no-index", "--no-deps", *wheels]
        subprocess.run(list(map(str, command)), check=True, capture_output=True)

    def run(
        self, *arguments: str, cwd: Path, check: bool = True, **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Python there with ``arguments``, in a folder."""
        done = subprocess.run(
            [str(self.python), *arguments],
            cwd=cwd,
            env=self.environ(**environ),
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, f"{arguments}:\n{done.stdout}\n{done.stderr}"
        return done

    def environ(self, **more: str) -> dict[str, Any]:
        """The variables of this shell, without those that would lead out of here."""
        left = {name: value for name, value in os.environ.items() if "PYTHON" not in name}
        return {**left, "VIRTUAL_ENV": str(self.python.parents[1]), **more}
