"""What a PC/SC link does where there is no service to try it on; tests/pcsc has the real one."""

from __future__ import annotations

import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from reference.links import pcsc
from reference.links.errors import LinkLost, LinkTimeout, NoModule
from reference.links.pcsc import PcscLink
from reference.protocol.uz.apdu import ATR_ISO
from reference.runtime.clock import LabClock
from tests.waiting import PATIENCE

READERS = ["Some Reader [CCID] 00 00", "Other PCD 00 00", "Other PCD 00 01"]
HOLDS_CARD = {READERS[0], READERS[2]}


class Played(SimpleNamespace):
    """pyscard's functions on readers that are played. Every name it has besides is a number of its own."""

    SCARD_S_SUCCESS = 0
    SCARD_STATE_PRESENT = 0x20
    SCARD_STATE_MUTE = 0x200
    SCARD_STATE_UNAWARE = 0
    SCARD_PROTOCOL_T0 = 1
    SCARD_PROTOCOL_T1 = 2

    def __init__(self) -> None:
        super().__init__(connected="", answers=[], hang=None)

    def __getattr__(self, name: str) -> int:
        if not name.startswith("SCARD_"):
            raise AttributeError(name)
        number = 1000 + len(self.__dict__)
        setattr(self, name, number)
        return number

    def SCardEstablishContext(self, _scope: int) -> tuple[int, int]:  # noqa: N802
        return 0, 1

    def SCardReleaseContext(self, _context: int) -> int:  # noqa: N802
        return 0

    def SCardListReaders(self, _context: int, _groups: list[str]) -> tuple[int, list[str]]:  # noqa: N802
        return 0, READERS

    def SCardGetStatusChange(self, _context: int, _ms: int, asked: Any) -> Any:  # noqa: N802
        reader = asked[0][0]
        return 0, [(reader, (0x20 if reader in HOLDS_CARD else 0x10) | 3 << 16, [])]

    def SCardConnect(self, _context: int, reader: str, _share: int, _protocols: int) -> Any:  # noqa: N802
        self.connected = reader
        return 0, 7, self.SCARD_PROTOCOL_T1

    def SCardStatus(self, _card: int) -> Any:  # noqa: N802
        return 0, self.connected, 0, 2, list(ATR_ISO)

    def SCardTransmit(self, _card: int, _protocol: Any, _data: list[int]) -> Any:  # noqa: N802
        if self.hang is not None:
            self.hang.wait(PATIENCE)
        return self.answers.pop(0)

    def SCardDisconnect(self, _card: int, _how: int) -> int:  # noqa: N802
        return 0

    def SCardGetErrorMessage(self, number: int) -> str:  # noqa: N802
        return f"error {number}"


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    made = Played()
    monkeypatch.setattr(pcsc, "scard", lambda: made)
    return made


@pytest.mark.parametrize(
    ("asked", "reader"),
    [("0", READERS[0]), ("2", READERS[2]), (READERS[0], READERS[0]), ("Other*", READERS[2])],
)
def test_which_reader_is_meant(played: Played, asked: str, reader: str) -> None:
    """Its name, its number, or a glob, of which the one with a card."""
    link = PcscLink(asked)
    assert link.presence() == f"{reader} 3"
    assert link.open() == ATR_ISO
    assert played.connected == reader
    link.close()


def test_a_reader_that_is_not_there(played: Played) -> None:
    with pytest.raises(NoModule, match=r"no such reader; there are: Some Reader \[CCID\] 00 00, Other"):
        PcscLink("Third*").open()
    assert PcscLink("9").presence() is None
    assert PcscLink(READERS[1]).presence() is None


def test_a_card_that_goes_in_the_middle(played: Played) -> None:
    """UZ-USB-02"""
    link = PcscLink("0")
    link.open()
    played.answers = [(0, [0x90, 0]), (played.SCARD_W_REMOVED_CARD, [])]
    assert link.transmit(bytes(5)) == b"\x90\x00"
    with pytest.raises(LinkLost, match="error"):
        link.transmit(bytes(5))
    with pytest.raises(LinkLost, match="not connected"):
        link.transmit(bytes(5))


def test_a_call_that_does_not_return_is_left_behind(played: Played) -> None:
    """EM-03: fifteen lab seconds, though no call to the service can be taken back."""
    lab = LabClock.private(rate=0)
    link = PcscLink("0", clock=lab.part("drive"))
    link.open()
    played.hang = threading.Event()
    played.answers = [(0, [0x90, 0])] * 2
    lab.set_rate(100)
    with pytest.raises(LinkTimeout, match="no answer for 15 s"):
        link.transmit(bytes(5))
    lab.set_rate(0)
    played.hang.set()
    played.hang = None
    assert link.open() == ATR_ISO
    link.close()


def test_without_pyscard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "smartcard.scard", None)
    with pytest.raises(NoModule, match=r"pip install 'kassalab\[pcsc\]'"):
        PcscLink("0").open()
    assert PcscLink("0").presence() is None
