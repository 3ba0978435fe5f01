"""The wheel that others install holds all it needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.guards.sources import PACKAGES, ROOT

DATA_SUFFIXES = {".json", ".html", ".css", ".js", ".toml", ".txt", ".mako"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that no leftover of an earlier build gets in."""
    source = tmp_path_factory.mktemp("source")
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    for package in PACKAGES:
        if (ROOT / package).is_dir():
            shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    out = tmp_path_factory.mktemp("dist")
    _run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)], out)
    (built,) = out.glob("*.whl")
    return built


def _run(command: list[str], folder: Path) -> str:
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "KASSALAB"))}
    result = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def test_wheel_holds_every_module_and_data_file(wheel: Path) -> None:
    held = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and (path.suffix == ".py" or path.suffix in DATA_SUFFIXES)
    }
    assert not wanted - held, f"not in the wheel: {sorted(wanted - held)}"
    assert not [name for name in held if name.startswith("tests/")]
    assert any(name.endswith("LICENSE") for name in held)


@pytest.mark.slow
def test_wheel_runs_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "venv"
    venv.create(home, with_pip=True)
    python = str(home / "bin" / "python")
    lock = str(ROOT / "requirements.lock")
    quiet = ["--quiet", "--disable-pip-version-check"]
    _run([python, "-m", "pip", "install", *quiet, "--constraint", lock, str(wheel)], tmp_path)
    assert "kassalab" in _run([str(home / "bin" / "kassalab"), "--help"], tmp_path)
    assert "--port" in _run([python, "-m", "simulator", "--help"], tmp_path)
    assert "service-reset" in _run([python, "-m", "reference.kkm", "--help"], tmp_path)
