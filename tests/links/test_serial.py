"""Serial cables: a GemPC Twin at a pseudo-terminal, broken frames, and the emulator's frames on socket://."""

from __future__ import annotations

import os
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import serial

from reference.links.errors import LinkError, LinkLost, LinkTimeout, NoModule
from reference.links.module import module_session
from reference.links.serial import SerialCcidLink
from reference.protocol.usb.ccid import RDR_to_PC_DataBlock, RDR_to_PC_Parameters, decode_command
from reference.protocol.usb.gempc import CARD_ABSENT, NAK_FRAME, Splitter, seal
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import ATR_ISO, ATR_VENDOR
from reference.runtime.clock import LabClock
from tests.links.bench import Bench, bench, selected
from tests.waiting import PATIENCE

INFO = apdu.get_info().encode()
SELECT = apdu.select().encode()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Bench]:
    with bench(folder=tmp_path / "module", serial=str(tmp_path / "tty")) as made:
        yield made


def test_a_session(served: Bench) -> None:
    """HAR-02, FM-S-10"""
    with module_session(served.link("serial")) as session:
        assert session.atr == ATR_ISO
        assert session.get_info().terminal_id == "ZZ000000000000"


def test_a_session_on_a_socket(served: Bench) -> None:
    link = served.link("serial-tcp")
    with module_session(link) as session:
        assert session.atr == ATR_VENDOR
        assert session.get_info().terminal_id == "ZZ000000000000"


def test_pyserial_reaches_the_socket(served: Bench) -> None:
    """A program of somebody else's, with pyserial and without us.

    pyserial empties the input when it opens a port, which takes the ATR away if that was quicker.
    """
    with serial.serial_for_url(f"socket://{served.served.addresses['serial-tcp']}", timeout=PATIENCE) as port:
        port.write(bytes((len(SELECT),)) + SELECT)
        came = port.read_until(b"\x02\x90\x00")
    assert came.removeprefix(bytes((20,)) + ATR_VENDOR) == b"\x02\x90\x00"


def test_unplugged_and_plugged(served: Bench) -> None:
    """UZ-USB-01"""
    link = served.link("serial")
    assert isinstance(link, SerialCcidLink)
    assert link.presence() == link.port
    selected(link)
    served.unplug()
    with pytest.raises(LinkLost):
        link.transmit(INFO)
    with pytest.raises(LinkLost, match="not connected"):
        link.transmit(INFO)
    assert link.presence() is None
    with pytest.raises(NoModule):
        link.open()
    served.plug()
    assert link.presence() == link.port
    selected(link)
    link.close()


def test_pulled_in_the_middle_of_a_command(served: Bench) -> None:
    """UZ-USB-02"""
    link = served.link("serial")
    selected(link)
    served.slow(1000)
    raised: list[type] = []

    def ask() -> None:
        try:
            link.transmit(INFO)
        except LinkError as error:
            raised.append(type(error))

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join(0.3)
    assert asking.is_alive()
    served.unplug()
    asking.join(PATIENCE)
    assert raised == [LinkLost]


def test_bytes_that_t0_cannot_carry(served: Bench) -> None:
    link = served.link("serial")
    selected(link)
    with pytest.raises(ValueError, match="T=0"):
        link.transmit(b"\x00\x17\x00\x00\x44" + bytes(67))
    assert link.transmit(INFO)[-2:] == b"\x90\x00"
    link.close()


def test_one_program_at_a_time(served: Bench) -> None:
    first, second = served.link("serial"), served.link("serial")
    selected(first)
    with pytest.raises(NoModule, match=r"lock|busy"):
        second.open()
    first.close()


# --- a reader that is played ------------------------------------------------------------------------------

Reply = Callable[[bytes, int], list[bytes]]


@contextmanager
def reader(reply: Reply) -> Iterator[SerialCcidLink]:
    """A terminal at whose other end `reply` gives the bytes for each frame that comes; it counts them."""
    master, slave = os.openpty()
    tty.setraw(slave)
    link = SerialCcidLink(os.ttyname(slave))

    def serve() -> None:
        frames, number = Splitter(), 0
        with suppress(OSError):
            while piece := os.read(master, 4096):
                frames.feed(piece)
                while (frame := frames.next()) is not None:
                    message = frame if isinstance(frame, bytes) else b""
                    for answer in reply(message, number):
                        os.write(master, answer)
                    number += 1

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield link
    link.close()
    os.close(slave)
    os.close(master)
    thread.join(PATIENCE)


def usual(message: bytes) -> bytes:
    """The answer of a reader to a command, as a frame."""
    command = decode_command(message)
    answer = {
        "PC_to_RDR_IccPowerOn": RDR_to_PC_DataBlock(bSeq=command.bSeq, abData=ATR_ISO),
        "PC_to_RDR_SetParameters": RDR_to_PC_Parameters(bSeq=command.bSeq),
    }.get(type(command).__name__, RDR_to_PC_DataBlock(bSeq=command.bSeq, abData=b"\x90\x00"))
    return seal(answer.encode())


def test_a_broken_answer_is_asked_for_again() -> None:
    last = b""

    def reply(message: bytes, number: int) -> list[bytes]:
        nonlocal last
        if not message:
            return [last]
        last = usual(message)
        spoilt = last[:-1] + bytes((last[-1] ^ 1,))
        return [seal(message), b"\xff" + CARD_ABSENT, spoilt if number == 0 else last]

    with reader(reply) as link:
        assert link.open() == ATR_ISO
        assert link.transmit(bytes(5)) == b"\x90\x00"


def test_a_command_is_sent_again_when_asked_for() -> None:
    came: list[bytes] = []

    def reply(message: bytes, number: int) -> list[bytes]:
        came.append(message)
        return [NAK_FRAME] if number == 0 else [seal(message), usual(message)]

    with reader(reply) as link:
        assert link.open() == ATR_ISO
        assert came[0] == came[1]


@pytest.mark.parametrize("noise", [NAK_FRAME, b"\x03\x06\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff"])
def test_a_line_that_only_breaks(noise: bytes) -> None:
    with reader(lambda _message, _number: [noise]) as link, pytest.raises(NoModule):
        link.open()


def test_a_silent_reader() -> None:
    """EM-03: fifteen lab seconds"""
    lab = LabClock.private(rate=100)
    with reader(lambda _message, _number: []) as played:
        link = SerialCcidLink(played.port, clock=lab.part("drive"))
        with pytest.raises(LinkTimeout, match="no answer for 15 s"):
            link.open()
        with pytest.raises(LinkTimeout):
            link.presence()


def test_no_port() -> None:
    link = SerialCcidLink("/dev/kassalab-nowhere")
    with pytest.raises(NoModule, match="kassalab-nowhere"):
        link.open()
    assert link.presence() is None
