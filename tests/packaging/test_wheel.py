"""The wheel that others install holds all it needs."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.guards.sources import PACKAGES, ROOT
from tests.packaging.conftest import run

DATA_SUFFIXES = {".json", ".html", ".css", ".js", ".toml", ".txt", ".mako"}


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
def test_wheel_runs_in_an_empty_environment(installed: Path, tmp_path: Path) -> None:
    assert "kassalab" in run([str(installed / "kassalab"), "--help"], tmp_path)
    assert "--port" in run([str(installed / "python"), "-m", "simulator", "--help"], tmp_path)
    assert "service-reset" in run([str(installed / "python"), "-m", "reference.kkm", "--help"], tmp_path)
