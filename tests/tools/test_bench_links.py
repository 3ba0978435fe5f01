"""The figures of cables are taken where they say; nothing here is timed."""

from __future__ import annotations

from pathlib import Path

import pytest

from reference.links.link import Link
from tools.bench import links
from tools.bench.children import BenchError, child
from tools.commands.bench import BENCHES
from tools.pcsc_stand import VPCD, StandError, obstacle, pcsc_stand


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "CHUNKS", 2)
    monkeypatch.setattr(links, "COMMANDS", 5)
    monkeypatch.setattr(links, "NAIVE_COMMANDS", 2)


def test_every_cable_that_needs_no_daemon(tmp_path: Path) -> None:
    assert {"links"} < set(BENCHES)
    with child("simulator", links._arguments(tmp_path / "module"), tmp_path / "module.log") as addresses:
        figures = [
            links.over_pyusb(),
            links.over_tcp(addresses["module"], tmp_path),
            links.over_usbip(addresses["usbip"], tmp_path),
            links.over_terminal(addresses["serial"]),
        ]
    assert [figure.goal for figure in figures] == [
        *("≥ 10,000 APDU/s", "≥ 8,000 APDU/s", "≥ 4,000 APDU/s", "shown for scale")
    ]
    assert all(figure.value > 0 and figure.floor is not None and figure.floor > 0 for figure in figures)


@pytest.mark.xdist_group("pcscd")
def test_cards_in_pcscd(tmp_path: Path) -> None:
    hindered = obstacle(VPCD)
    if hindered is not None:
        pytest.skip(hindered)
    quick, linked, naive = links.over_pcsc(tmp_path)
    assert (quick.goal, linked.goal, naive.goal) == ("≥ 5,000 APDU/s", "shown for scale", "shown for scale")
    assert quick.value > naive.value
    assert naive.floor == linked.value > naive.value


def test_without_pcscd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_stand(*_: object) -> object:
        raise StandError("pcscd is not installed")

    assert links.pcsc_stand is pcsc_stand
    monkeypatch.setattr(links, "pcsc_stand", no_stand)
    with pytest.raises(BenchError, match=r"^a card in pcscd: pcscd is not installed$"):
        list(links.over_pcsc(tmp_path))


class Refusing:
    """A module that refuses everything."""

    name = "refusing"

    def open(self) -> bytes:
        return b""

    def transmit(self, _command: bytes) -> bytes:
        return b"\x6f\x00"

    def close(self) -> None:
        """Nothing is open."""


def test_a_module_that_refuses_is_no_figure() -> None:
    link: Link = Refusing()
    with pytest.raises(BenchError, match="SELECT was answered 6f00"), links.opened(link):
        pass
    with pytest.raises(BenchError, match="GET_INFO was answered 6f00"):
        links.asking(link)(1)
