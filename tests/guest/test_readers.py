"""Every kind of reader we can be, side by side in one stock system.

libccid drives each at its own exchange level, at TPDU level with T=1 blocks of its own making, and finds both
cards in the reader of two slots.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from conformance.lab_process import PartProcess
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import ATR_ISO
from reference.protocol.uz.objects import FiscalInfo
from tests.guest.stand import COMPLAINTS, OLDER_CCID, PATIENCE, image_or_skip, telling
from tests.waiting import eventually
from tools.guest.images import CARD
from tools.guest.machine import Guest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("guest-usb")]

READERS = {
    "ZZ000000001000": ("--usb-level", "short"),
    "ZZ000000002000": ("--usb-level", "extended", "--usb-speed", "high"),
    "ZZ000000003000": ("--usb-level", "tpdu"),
    "ZZ000000004000": ("--usb-one-reader", "--modules", "2"),
}
"""What each is started with, by the terminal in its first slot, which is the reader's serial number."""
SLOTS = [
    ("ZZ000000001000", "00 00", "ZZ000000001000"),
    ("ZZ000000002000", "01 00", "ZZ000000002000"),
    ("ZZ000000003000", "02 00", "ZZ000000003000"),
    ("ZZ000000004000", "03 00", "ZZ000000004000"),
    ("ZZ000000004000", "03 01", "ZZ000000004001"),
]
"""Serial number of the reader, what pcscd calls the slot, and the terminal of the module in it."""
TRIES = 5


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    image = image_or_skip(CARD)
    folder = tmp_path_factory.mktemp("guest")
    with ExitStack() as open_things:
        servers = []
        for terminal, kind in READERS.items():
            ports = ("--port", "0", "--control-port", "0", "--usbip-port", "0")
            words = [*ports, "--dir", str(folder / terminal), "--terminal", terminal, *kind]
            process = PartProcess("module", "simulator", words, os.environ, folder / f"{terminal}.log")
            open_things.callback(process.end, PATIENCE)
            servers.append(process.ready(PATIENCE)["usbip"])
        running = open_things.enter_context(Guest(image, *servers))
        open_things.enter_context(telling(running))
        running.check("pcscd --foreground --info >/tmp/pcscd.log 2>&1 &")
        for number, server in enumerate(running.servers, 1):
            # One after the other, so that pcscd numbers them in this order.
            _plug_in(running, number, server)
        eventually(lambda: _pcscd(running).count("Card ATR:") == len(SLOTS), PATIENCE)
        yield running


def _plug_in(guest: Guest, number: int, server: str) -> None:
    """Until pcscd has that many readers. One that answered late it gives up, and that is plugged in again."""
    for _ in range(TRIES):
        before = _given_up(guest)
        guest.check(f"usbip attach -r {server} -b 1-1")
        eventually(lambda seen=before: _readers(guest) >= number or _given_up(guest) > seen, PATIENCE)
        if _readers(guest) >= number:
            return
        gone = guest.kernel_log().count("USB disconnect")
        guest.check(f"usbip detach -p {number - 1}")
        eventually(lambda seen=gone: guest.kernel_log().count("USB disconnect") > seen, PATIENCE)
    raise AssertionError(f"pcscd gave reader {number} up {TRIES} times")


def _given_up(guest: Guest) -> int:
    return _pcscd(guest).count("Failed adding USB device")


def _pcscd(guest: Guest) -> str:
    return guest.run("cat /tmp/pcscd.log").text


def _readers(guest: Guest) -> int:
    return _pcscd(guest).count("IFDHGetCapabilities() Reader supports")


def test_every_card_answers_through_its_reader(guest: Guest) -> None:
    commands = (apdu.select(), apdu.get_version(), apdu.get_info())
    words = " ".join(command.encode().hex() for command in commands)
    lines = guest.check(f"python3 -I -S /door.py scan {words}")
    assert len(lines) == len(SLOTS)
    for line, (serial, slot, terminal) in zip(lines, SLOTS, strict=True):
        name, *answers = line.split("|")
        assert name == f"Kassalab Fiscal Module TEST [CCID] ({serial}) {slot}"
        atr, selected, version, info = map(bytes.fromhex, answers)
        assert (atr, selected, version) == (ATR_ISO, b"\x90\x00", b"\x04\x00\x90\x00")
        assert info[-2:] == b"\x90\x00"
        assert FiscalInfo.decode(info[:-2]).terminal_id == terminal


def test_the_kernel_runs_each_at_its_speed(guest: Guest) -> None:
    speeds = guest.check("cat /sys/bus/usb/devices/1-1/speed /sys/bus/usb/devices/1-[234]/speed")
    assert speeds == ("12", "480", "12", "12")
    products = guest.check("cat /sys/bus/usb/devices/1-[1234]/idProduct")
    assert products == ("4b01", "4b01", "4b01", "4b02")


def test_lsusb_finds_no_fault_in_any(guest: Guest) -> None:
    text = "\n".join(guest.check("lsusb -v -d 1209:")).replace(OLDER_CCID, "")
    assert text.count("ChipCard Interface Descriptor:") == len(READERS)
    for level in (
        "TPDU level exchange",
        "Short APDU level exchange",
        "Short and extended APDU level exchange",
    ):
        assert level in text
    assert "Device Qualifier (for other device speed):" in text
    assert [word for word in COMPLAINTS if word in text.lower()] == [], text
