"""`python -m reference.pos last|close` on every paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pos.conftest import make_bench as make_bench
from tests.pos.prints.papers import opened
from tests.pos.prints.reading import of_escpos, of_pdf, of_text
from tests.pos.prints.tape import Printer
from tests.pos.test_cli import bench as bench
from tests.pos.test_cli import run as run

Run = Callable[..., int]


def test_the_last_receipt_in_every_format(
    run: Run, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run("sell", "--sample") == 0
    text = {}
    for ending, read in (("txt", of_text), ("pdf", of_pdf), ("escpos", of_escpos)):
        assert run("last", "--format", ending, "--output", str(tmp_path / ending)) == 0
        text[ending] = read((tmp_path / ending).read_bytes())
        assert "NUSXA / КОПИЯ" in text[ending]
    assert text["txt"] == text["pdf"] == text["escpos"]
    assert run("--paper", "58", "last", "--format", "png", "--output", str(tmp_path / "png")) == 0
    assert opened((tmp_path / "png").read_bytes()).width == 384
    capfdbinary.readouterr()


def test_close_prints_the_z_report(run: Run, tmp_path: Path) -> None:
    """UZ-SHF-04"""
    printed = tmp_path / "printed.bin"
    assert run("sell", "--sample") == 0
    assert (
        run("close", "--format", "pdf", "--output", str(tmp_path / "z.pdf"), "--printer", f"file:{printed}")
        == 0
    )
    lines = of_pdf((tmp_path / "z.pdf").read_bytes())
    assert "Z-HISOBOT" in lines
    assert "Sotuvlar 1" in lines
    assert of_escpos(printed.read_bytes()) == lines
    assert Printer().take(printed.read_bytes()).cuts == 1


def test_what_cannot_be_written_or_printed_is_named(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("sell", "--sample") == 0
    assert run("last", "--output", str(tmp_path)) == 1
    assert "error: output:" in capsys.readouterr().err
    assert run("last", "--printer", "lpt1") == 1
    assert "error: printer:" in capsys.readouterr().err
