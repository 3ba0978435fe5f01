"""Imports run one way; pyproject.toml says which."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.guards.sources import ROOT


def test_import_directions_are_kept() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
