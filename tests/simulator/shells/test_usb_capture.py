"""The capture of the USB cable, read by an independent program: tshark's usb and usbccid dissectors."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import Counter

import httpx
import pytest

from reference.protocol.usb import ccid
from reference.protocol.usb.setup import Setup
from reference.runtime.clock import LabClock
from simulator.exchanges import LATENCY
from simulator.shells.bodies import BodySettings
from simulator.shells.urb import Urb
from simulator.shells.usb_bench import UsbSettings
from simulator.shells.usb_capture import Capture
from simulator.shells.usb_identity import BULK_IN, INTERRUPT_IN
from tests.simulator.served import serving
from tests.simulator.shells.test_usb_device import every_descriptor
from tests.simulator.shells.usb_stand import INFO, SELECT, Stand, usb_stand
from tests.simulator.shells.usbip_host import UsbHost
from tests.waiting import PATIENCE

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed here")

T1 = bytes.fromhex("1110004d00fe00")
COMMANDS = [
    ccid.PC_to_RDR_IccPowerOn(0, 1),
    ccid.PC_to_RDR_GetSlotStatus(0, 2),
    ccid.PC_to_RDR_XfrBlock(0, 3, abData=SELECT),
    ccid.PC_to_RDR_XfrBlock(0, 4, abData=INFO),
    ccid.PC_to_RDR_GetParameters(0, 5),
    ccid.PC_to_RDR_SetParameters(0, 6, 1, abProtocolDataStructure=T1),
    ccid.PC_to_RDR_GetParameters(0, 7),
    ccid.PC_to_RDR_ResetParameters(0, 8),
    ccid.PC_to_RDR_Escape(0, 9, abData=b"\x02"),
    ccid.PC_to_RDR_IccClock(0, 10, 1),
    ccid.PC_to_RDR_T0APDU(0, 11, 3, 0, 0),
    ccid.PC_to_RDR_Mechanical(0, 12, 1),
    ccid.PC_to_RDR_SetDataRateAndClockFrequency(0, 13, dwDataRate=43_010),
    ccid.PC_to_RDR_IccPowerOff(0, 14),
    ccid.PC_to_RDR_XfrBlock(0, 15, abData=SELECT),
]


def walk(stand: Stand) -> int:
    """Everything a host does with a key, once; gives how many transfers it took."""
    stand.device.witness, counting = _Counter(stand.device.witness), 0
    every_descriptor(stand)
    stand.configure()
    for request in ("a103000000001800", "a102000000000800", "a109000000000800", "8200000082000200"):
        stand.control(Setup.decode(bytes.fromhex(request)))
    for command in COMMANDS:
        stand.write(command.encode())
        stand.read()
    stand.transfer(Urb(INTERRUPT_IN, 8))
    waiting = stand.transfer(Urb(INTERRUPT_IN, 8))
    stand.backend.call(stand.reader.remove)
    assert waiting.data == bytes.fromhex("5002")
    stand.backend.call(stand.reader.insert)
    taken_back = stand.transfer(Urb(BULK_IN, 64))
    stand.backend.call(lambda: stand.device.cancel(taken_back))
    _slow_and_aborted(stand)
    stand.backend.call(lambda: stand.device.halt(BULK_IN))
    stand.read()
    counting = stand.device.witness.begun
    stand.device.witness = stand.device.witness.inner
    return counting


def _slow_and_aborted(stand: Stand) -> None:
    stand.write(ccid.PC_to_RDR_IccPowerOn(0, 20).encode())
    stand.read()
    stand.faults.add(point=LATENCY, action="delay", delay=60, count=1)
    stand.write(ccid.PC_to_RDR_XfrBlock(0, 21, abData=SELECT).encode())
    extension = stand.read()
    for _ in range(3):
        stand.advance(1)
    assert extension.data[7] == 0x80
    stand.control(Setup(0x21, 0x01, 22 << 8, 0, 0))
    stand.write(ccid.PC_to_RDR_Abort(0, 22).encode())
    while stand.read().data[:1] != b"\x81":
        pass


class _Counter:
    def __init__(self, inner):
        self.inner = inner
        self.begun = 0

    def submitted(self, urb):
        self.begun += 1
        self.inner.submitted(urb)

    def completed(self, urb):
        self.inner.completed(urb)


def dissected(path) -> list[dict]:
    """Every packet as tshark takes it apart."""
    run = subprocess.run(
        ["tshark", "-r", str(path), "-T", "json", "--no-duplicate-keys"],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return [packet["_source"]["layers"] for packet in json.loads(run.stdout)]


def everything(value, found=None):
    """All keys and texts of a nested answer."""
    found = [] if found is None else found
    if isinstance(value, dict):
        for key, inner in value.items():
            found.append(key)
            everything(inner, found)
    elif isinstance(value, list):
        for inner in value:
            everything(inner, found)
    else:
        found.append(str(value))
    return found


@needs_tshark
def test_tshark_decodes_a_whole_walk_and_finds_nothing_malformed(tmp_path):
    path = tmp_path / "walk.pcapng"
    with usb_stand() as stand, path.open("wb") as file:
        capture = Capture(stand.rack.clock, file)
        capture.start([stand.device])
        transfers = walk(stand)
        capture.stop()
    packets = dissected(path)
    assert len(packets) == capture.packets == 2 * transfers
    for number, packet in enumerate(packets, 1):
        words = everything(packet)
        assert not [word for word in words if "malformed" in word.lower()], f"packet {number}"
        assert "_ws.expert" not in words, f"packet {number}: {packet}"
    seen = Counter(packet["usbccid"]["usbccid.bMessageType"] for packet in packets if "usbccid" in packet)
    wanted = {*(command.TYPE for command in COMMANDS), 0x72, 0x80, 0x81, 0x82, 0x83, 0x84}
    assert {int(kind, 16) for kind in seen} == wanted
    kinds = Counter(packet["usb"]["usb.transfer_type"] for packet in packets)
    assert set(kinds) == {"0x01", "0x02", "0x03"}
    classes = {word for packet in packets for word in everything(packet) if word.startswith("usbccid.")}
    assert {"usbccid.dwFeatures", "usbccid.bcdCCID", "usbccid.bSlot"} <= classes, sorted(classes)


def test_a_capture_ends_at_its_limit_and_begins_in_the_middle():
    with usb_stand() as stand:
        stand.configure()
        stand.transfer(Urb(INTERRUPT_IN, 8))
        early = stand.transfer(Urb(INTERRUPT_IN, 8))
        capture = Capture(stand.rack.clock, limit=300)
        capture.start([stand.device])
        assert capture.running
        stand.backend.call(stand.reader.remove)
        assert early.finished
        assert capture.packets == 0, "what began before is not half shown"
        for _ in range(5):
            stand.control(Setup(0x80, 8, 0, 0, 1))
        assert capture.full
        assert len(capture.content()) < 600
        capture.stop()
        assert not capture.running
        assert stand.device.witness is None


def test_the_hand_starts_and_ends_captures():
    headers = {"X-Kassalab": "control"}
    with serving(bodies=BodySettings(usb=UsbSettings()), lab=LabClock.private()) as served:
        control = served.addresses["control"]

        def switch(on):
            return httpx.post(
                f"{control}/control/do/usb-capture", json={"on": on}, headers=headers, timeout=PATIENCE
            )

        assert switch(False).json()["error"]["rule"] == "running"
        assert switch(True).json() == {"packets": 0, "full": False, "get": "/usb.pcapng"}
        with UsbHost(served.addresses["usbip"]) as host:
            host.begin()
        assert switch(False).json()["packets"] >= 6
        first = httpx.get(f"{control}/usb.pcapng", timeout=PATIENCE)
        assert first.headers["Content-Type"] == "application/x-pcapng"
        assert first.content[:4] == bytes.fromhex("0a0d0d0a")
        assert switch(True).json()["packets"] == 0
        assert len(httpx.get(f"{control}/usb.pcapng", timeout=PATIENCE).content) < len(first.content)
        assert switch(True).json()["packets"] == 0


def test_a_capture_from_the_start_goes_to_its_file(tmp_path):
    path = tmp_path / "keys.pcapng"
    with serving(bodies=BodySettings(usb=UsbSettings(capture=path))) as served:
        with UsbHost(served.addresses["usbip"]) as host:
            host.begin()
        assert httpx.get(f"{served.addresses['control']}/usb.pcapng", timeout=PATIENCE).status_code == 404
    assert path.read_bytes().count(bytes.fromhex("62000000000001000000")) == 1, "one IccPowerOn, shown once"
