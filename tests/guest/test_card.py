"""The module behind a kernel, pcscd and libccid as Debian ships them: nothing of ours is on the host's side.

The judge outside reaches the card through a door in the guest, which turns its frames into PC/SC calls: the
cases that are judged over TCP are judged here through every layer that a till's machine has.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.cases import load_suites
from conformance.events import Recorder
from conformance.judging import RunRequest, judge
from conformance.outcomes import Outcome
from conformance.targets import parse_target
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import ATR_ISO
from tests.guest.stand import BUS_ID, PATIENCE, TERMINAL, Stand, stand
from tests.simulator.served import Host
from tests.waiting import eventually
from tools.guest.door import PATIENCE_MILLISECONDS
from tools.guest.images import CARD
from tools.guest.init import CABLE, PCSCD

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("guest-card")]

SMOKE = (
    "uz.module.identity",
    "uz.module.session",
    "uz.module.walk.seed-1",
    "uz.module.receipts.kind",
    "uz.module.receipts.kept-as-given",
    "uz.module.receipts.size",
    "uz.module.shift.totals",
    "uz.module.shift.numbers",
    "uz.module.acks.repeated",
    "uz.module.power.unplugged",
    "uz.module.power.register",
)
LEFT_OUT = ("uz.module.identity.atr", "uz.module.session.second-host-*", "uz.module.session.unknown-*")
"""About the TCP link itself: its ATR is the vendor's, and a second connection waits. The last is long."""
EXCHANGE_SECONDS = PATIENCE_MILLISECONDS / 1000 + 30
"""More than the door waits for a reader that comes back."""
HELD_SECONDS = 600.0
LATE_SECONDS = 0.3
SLOW_SECONDS = 5.0
"""Above the 3 s that libccid waits for an answer that no time extension stretches."""


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with stand(CARD, tmp_path_factory.mktemp("guest")) as found:
        found.guest.check(f"{PCSCD} &")
        found.guest.check("python3 -I -S /door.py >/tmp/door.log 2>&1 &")
        found.guest.check(f"{CABLE} {BUS_ID} >/tmp/cable.log 2>&1 &")
        powered_up(found, 1)
        eventually(lambda: "the door is open" in found.guest_file("/tmp/door.log"), PATIENCE)
        yield found


def at_the_door(reader: Stand) -> Host:
    """A connection to the card, through the guest."""
    return Host(reader.guest.door, seconds=EXCHANGE_SECONDS)


def powered_up(reader: Stand, times: int) -> str:
    """Wait until pcscd has found the reader and shown an ATR that often; gives its log."""

    def check() -> str:
        log = reader.guest_file("/tmp/pcscd.log")
        return log if log.count("Card ATR:") >= times else ""

    return eventually(check, PATIENCE)


def test_pcscd_reads_the_answer_to_reset(reader: Stand) -> None:
    log = reader.guest_file("/tmp/pcscd.log")
    assert "Found Vendor/Product: 1209/4B01 (Kassalab Fiscal Module TEST)" in log
    assert re.search(rf"Kassalab Fiscal Module TEST( \[.*\])? \({TERMINAL}\) 00 00", log)
    assert "Reader supports 1 slot(s)" in log
    assert f"Card ATR: {ATR_ISO.hex(' ').upper()}" in log
    with at_the_door(reader) as host:
        assert host.atr == ATR_ISO
        assert host.ask(apdu.select()) == b"\x90\x00"


def test_libusb_in_the_guest_reads_its_strings(reader: Stand) -> None:
    program = (
        "import usb.core, usb.backend.libusb1 as b;"
        "d = usb.core.find(idVendor=0x1209, backend=b.get_backend(find_library=lambda _: 'libusb-1.0.so.0'));"
        "print(d.manufacturer, d.product, d.serial_number, d[0][0, 0].bInterfaceClass, sep='|')"
    )
    lines = reader.guest.check(f'python3 -c "{program}"')
    assert lines == (f"Kassalab|Kassalab Fiscal Module TEST|{TERMINAL}|11",)


def test_the_judge_passes_it_through_the_guest(reader: Stand) -> None:
    recorder = Recorder()
    target = parse_target(f"module:tcp://{reader.guest.door}?control={reader.addresses['control']}")
    request = RunRequest(11, SMOKE, LEFT_OUT, (target,), seconds=EXCHANGE_SECONDS)
    ended = judge(request, load_suites(SMOKE), [recorder])
    outcomes = {each.case.id: each.verdict for each in recorder.record.cases if each.verdict is not None}
    wrong = [verdict for verdict in outcomes.values() if verdict.outcome is not Outcome.PASS]
    assert not wrong, wrong
    assert (ended.exit_code, ended.stopped) == (0, "")
    assert len(outcomes) >= 45


def test_libccid_waits_for_a_module_that_takes_its_time(reader: Stand) -> None:
    rule = reader.control.add_fault("apdu.command", "delay", delay=SLOW_SECONDS)
    with at_the_door(reader) as host:
        assert host.ask(apdu.select()) == b"\x90\x00"
    reader.control.remove_fault(rule["id"])


def test_pcscd_notices_a_card_that_goes_and_comes(reader: Stand) -> None:
    def count(words: str) -> int:
        return reader.guest_file("/tmp/pcscd.log").count(words)

    removed, inserted = count("Card Removed From"), count("Card inserted into")
    reader.control.do("card-remove")
    eventually(lambda: count("Card Removed From") == removed + 1, PATIENCE)
    reader.control.do("card-insert")
    eventually(lambda: count("Card inserted into") == inserted + 1, PATIENCE)
    with at_the_door(reader) as host:
        assert host.atr == ATR_ISO


def test_pulled_out_during_a_command_and_put_back(reader: Stand) -> None:
    before = powered_up(reader, 1).count("Card ATR:")
    disconnects = reader.guest.kernel_log().count("USB disconnect")
    with at_the_door(reader) as host:
        assert host.ask(apdu.select()) == b"\x90\x00"
        held = reader.control.add_fault("apdu.command", "delay", delay=HELD_SECONDS)
        command = apdu.get_version().encode()
        host.write(bytes((len(command),)) + command)
        eventually(lambda: reader.control.faults()["rules"][0]["hits"] == 1, PATIENCE)
        reader.control.do("unplug")
        eventually(
            lambda: reader.guest.kernel_log().count("1-1: USB disconnect") == disconnects + 1, PATIENCE
        )
        assert host.gone(), "the door hangs up: PC/SC says that the reader is gone"
    reader.control.remove_fault(held["id"])
    reader.control.do("plug")
    powered_up(reader, before + 1)
    with at_the_door(reader) as host:
        assert host.atr == ATR_ISO
        assert host.ask(apdu.select()) == b"\x90\x00"
        assert host.ask(apdu.get_version()) == b"\x04\x00\x90\x00"


def test_a_reader_that_pcscd_gave_up_is_plugged_in_again(reader: Stand) -> None:
    """What a machine that is busy elsewhere brings about: libccid waits 100 ms for the first answers."""
    given_up = "Failed adding USB device"
    before = reader.guest_file("/tmp/pcscd.log")
    slow = reader.control.add_fault(
        "usb.complete", "delay", delay=LATE_SECONDS, count=None, match={"endpoint": "82"}
    )
    reader.control.do("power-cut")
    eventually(lambda: reader.guest_file("/tmp/pcscd.log").count(given_up) > before.count(given_up), PATIENCE)
    reader.control.remove_fault(slow["id"])
    powered_up(reader, before.count("Card ATR:") + 1)
    assert "nobody claims the device" in reader.guest_file("/tmp/cable.log")
    with at_the_door(reader) as host:
        assert host.ask(apdu.select()) == b"\x90\x00"


def test_a_pcscd_that_hangs_is_begun_anew(reader: Stand) -> None:
    """As it hung when a reader was pulled while it was brought up: plugging in again did not help."""
    before = powered_up(reader, 1).count("Card ATR:")
    reader.guest.check("killall -STOP pcscd")
    reader.control.do("power-cut")
    powered_up(reader, before + 1)
    assert "pcscd begins anew" in reader.guest_file("/tmp/cable.log")
    with at_the_door(reader) as host:
        assert host.ask(apdu.select()) == b"\x90\x00"


def test_what_crossed_the_cable_is_well_formed(reader: Stand, tmp_path: Path) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("tshark is not installed: the capture is not read by anybody else")
    with at_the_door(reader) as host:
        for _ in range(10):
            assert host.ask(apdu.select()) == b"\x90\x00"
    copy = tmp_path / "usb.pcapng"
    copy.write_bytes(reader.capture.read_bytes())
    fields = ("_ws.malformed", "_ws.expert.severity", "usbccid.bMessageType", "frame.protocols")
    command = ["tshark", "-r", str(copy), "-T", "fields", *(word for each in fields for word in ("-e", each))]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    rows = [dict(zip(fields, line.split("\t"), strict=True)) for line in told]
    assert [row for row in rows if row["_ws.malformed"] or "malformed" in row["frame.protocols"]] == []
    kinds = Counter(row["usbccid.bMessageType"] for row in rows)
    assert kinds["0x6f"] >= 10, kinds
    assert kinds["0x80"] >= 10, kinds
