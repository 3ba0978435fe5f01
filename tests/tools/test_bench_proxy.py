from __future__ import annotations

from pathlib import Path

import pytest

from tools.bench import proxy
from tools.commands.bench import BENCHES


def test_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways through the proxy are measured beside the way past it, and what goes through is written."""
    monkeypatch.setattr(proxy, "ROUNDS", 2)
    monkeypatch.setattr(proxy, "EXCHANGES", 5)
    looking, writing = BENCHES["proxy"](tmp_path)
    assert looking.floor == writing.floor
    assert looking.value > 0 < writing.value
    assert (tmp_path / "r.jsonl").read_text().count('"event": "Exchange"') >= 20
    assert (tmp_path / "p.pcapng").stat().st_size > 1000
