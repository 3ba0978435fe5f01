"""The wheel, built once, and an environment that holds nothing but what it asks for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.guards.sources import PACKAGES, ROOT


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that no leftover of an earlier build gets in."""
    source = tmp_path_factory.mktemp("source")
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    for package in PACKAGES:
        if (ROOT / package).is_dir():
            shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    out = tmp_path_factory.mktemp("dist")
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)], out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an empty environment with the wheel and pytest, as locked."""
    home = tmp_path_factory.mktemp("installed") / "venv"
    venv.create(home, with_pip=True)
    lock = str(ROOT / "requirements.lock")
    quiet = ["--quiet", "--disable-pip-version-check"]
    python = str(home / "bin" / "python")
    run([python, "-m", "pip", "install", *quiet, "--constraint", lock, str(wheel), "pytest"], home)
    return home / "bin"


def own_environment(**more: str) -> dict[str, str]:
    """This process's environment without what would lead back into the checkout."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PYTHON", "KASSALAB", "PYTEST"))
    }
    return kept | more


def run(command: list[str], folder: Path) -> str:
    """The output of a command that succeeds."""
    result = subprocess.run(
        command, cwd=folder, env=own_environment(), capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}\n{result.stderr}"
    return result.stdout
