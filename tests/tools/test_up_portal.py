"""`kassalab up --country kz`: portal and signing service beside the operator, on one authority."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from conformance.lab_parts import KZ_PARTS, UZ_PARTS
from tests.waiting import PATIENCE, eventually
from tools.cli import run
from tools.portal_parts import authority_options, prepare_authority, with_portal

BITS = 2048
"""Made beforehand with short keys: the real length costs seconds and proves nothing more."""


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("up") / "pki"
    said: list[str] = []
    prepare_authority(folder, said.append, BITS)
    assert said == [f"Making the test authority in {folder}, once: its keys take some seconds."]
    prepare_authority(folder, said.append, BITS)
    assert len(said) == 1
    return folder


@pytest.fixture(scope="module")
def lab(pki: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("lab")
    words = ["up", "--country", "kz", "--free-ports", "--dir", str(folder), "--pki", str(pki)]
    told = folder / "told"
    with (
        told.open("wb") as out,
        subprocess.Popen(
            [
                sys.executable,
                "-c",
                "import sys\nfrom tools.cli import run\nsys.exit(run(sys.argv[1:]))",
                *words,
            ],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, COLUMNS="200"),
        ) as child,
    ):
        try:
            eventually(lambda: child.poll() is not None or b"Ctrl-C" in told.read_bytes(), 90)
            assert child.poll() is None, told.read_text()
            yield folder, json.loads((folder / "lab.json").read_text())["parts"]
            child.send_signal(signal.SIGINT)
            assert child.wait(PATIENCE) == 0, told.read_text()
        finally:
            child.kill()


def test_everything_runs_and_is_told(lab: tuple[Path, dict[str, Any]], pki: Path) -> None:
    folder, parts = lab
    assert list(parts) == ["operator-kz", "register", "signing", "portal"]
    portal = parts["portal"]["addresses"]["portal"]
    told = (folder / "told").read_text()
    assert "Making the test authority" not in told
    assert f"portal {portal}/" in told
    assert f"kassalab certificate make head --pki {pki}" in told
    home = httpx.get(f"{portal}/", trust_env=False, timeout=PATIENCE)
    assert home.status_code == 200
    # Pages dial the lab's own signing service, and nobody else.
    assert (
        f"connect-src 'self' {parts['signing']['addresses']['wss']};"
        in home.headers["content-security-policy"]
    )
    assert (
        httpx.get(parts["signing"]["addresses"]["page"], trust_env=False, timeout=PATIENCE).status_code == 200
    )


def test_one_ledger_and_one_clock(
    lab: tuple[Path, dict[str, Any]], pki: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = lab
    assert run(["certificate", "make", "head", "--pki", str(pki), "--dir", str(folder)]) == 0
    assert run(["clock", "advance", "1h", "--dir", str(folder)]) == 0
    capsys.readouterr()
    assert run(["state", "--json", "--dir", str(folder)]) == 0
    state = json.loads(capsys.readouterr().out)
    assert list(state) == ["operator-kz", "register", "signing", "portal"]
    # The portal took the ledger where the operator keeps it, not one of its own.
    assert (folder / "operator-kz" / "ledger.sqlite").exists()
    assert not (folder / "portal" / "ledger.sqlite").exists()
    assert run(["snapshot", "a", "--dir", str(folder)]) == 0
    assert run(["restore", "a", "--dir", str(folder)]) == 0
    assert run(["reset", "--dir", str(folder)]) == 0
    assert "has a token again" in capsys.readouterr().out


def test_only_a_lab_with_the_kazakh_operator_has_a_portal(tmp_path: Path) -> None:
    assert with_portal(UZ_PARTS) == UZ_PARTS
    assert authority_options(UZ_PARTS, tmp_path) == {}
    both = with_portal((*UZ_PARTS, *KZ_PARTS))
    assert [part.name for part in both][-2:] == ["signing", "portal"]
    assert authority_options(both, tmp_path).keys() == {"signing", "portal"}
