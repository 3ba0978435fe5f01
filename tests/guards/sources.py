"""The source files of the house, for tests that read them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("reference", "simulator", "ofd_mock", "conformance", "loadtests", "tools")
LEFT_OUT = {"__pycache__", "node_modules"}
BINARY_SUFFIXES = {".png", ".pdf", ".bin", ".ico", ".woff2", ".ttf", ".sqlite", ".so", ".pyc", ".gz"}


def python_files() -> Iterator[Path]:
    """Every Python module of the packages, in a steady order."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if not LEFT_OUT & set(path.parts):
                yield path


def text_files() -> Iterator[Path]:
    """Every text file that goes into the repository: packages, tests, docs and what stands at the top."""
    folders = [ROOT / name for name in (*PACKAGES, "tests", "docs", ".ci")]
    found = [path for folder in folders for path in folder.rglob("*")]
    found += [path for path in ROOT.iterdir() if not path.name.startswith(".coverage")]
    for path in sorted(found):
        if path.is_file() and path.suffix not in BINARY_SUFFIXES and not LEFT_OUT & set(path.parts):
            yield path


def name(path: Path) -> str:
    """A file as reports name it."""
    return path.relative_to(ROOT).as_posix()
