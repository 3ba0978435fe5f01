"""The USB/IP server over a socket: lists, imports, transfers, unlinks; several keys and hosts, the plug."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from reference.protocol.usb import ccid
from reference.protocol.usb.descriptors import StringDescriptor
from reference.protocol.usb.setup import Setup
from reference.protocol.usb.usbip import (
    CmdSubmit,
    Errno,
    ExportedInterface,
    RetSubmit,
    Speed,
    Status,
    encode_request,
)
from reference.protocol.uz.apdu import ATR_ISO, ATR_VENDOR
from reference.runtime.process import PartSettings
from simulator.__main__ import make_parser, settings_from
from simulator.exchanges import LATENCY
from simulator.settings import SettingsError
from simulator.shells.bodies import BodySettings
from simulator.shells.reader_settings import ReaderSettings
from simulator.shells.usb_bench import UsbSettings
from tests.simulator.served import PATIENCE, Served, serving
from tests.simulator.shells.usb_stand import INFO, OK, SELECT
from tests.simulator.shells.usbip_host import UsbHost
from tests.waiting import eventually

IN_USE = Status.DEV_BUSY


def usb_serving(count: int = 1, usb: UsbSettings | None = None, folder: Path | None = None, **given):
    return serving(folder, count, bodies=BodySettings(usb=usb or UsbSettings()), **given)


@pytest.fixture(scope="module")
def served():
    with usb_serving(2) as one:
        yield one


def host_at(served: Served) -> UsbHost:
    return UsbHost(served.addresses["usbip"])


def imported(served: Served, busid: str = "1-1") -> UsbHost:
    """A host that has the key; waits until an earlier one has let it go."""

    def attempt() -> UsbHost | None:
        host = host_at(served)
        if host.import_(busid) is not IN_USE:
            return host
        host.close()
        return None

    return eventually(attempt)


@pytest.fixture
def host(served):
    with imported(served) as one:
        one.configure()
        yield one


def do(served: Served, operation: str, **body):
    headers = {"X-Kassalab": "control"}
    address = f"{served.addresses['control']}/control/do/{operation}"
    return httpx.post(address, json=body, headers=headers, timeout=PATIENCE)


# --- lists and imports ------------------------------------------------------------------------------------


def test_the_list_shows_every_key(served):
    with host_at(served) as one:
        devices = one.devices()
    assert [device.name for device, _ in devices] == ["1-1", "1-2"]
    device, interfaces = devices[0]
    assert (device.idVendor, device.idProduct, device.bcdDevice) == (0x1209, 0x4B01, 0x0100)
    assert (device.speed, device.bNumInterfaces) == (Speed.FULL, 1)
    assert interfaces == [ExportedInterface(0x0B)]


def test_a_key_has_one_host_at_a_time_and_is_free_again(served):
    with imported(served) as one, host_at(served) as other, imported(served, "1-2") as third:
        assert one.devid == 0x10002
        assert third.devid == 0x10003
        assert other.import_() is IN_USE
        assert other.gone()
    with imported(served) as again:
        again.configure()
        assert again.ask(ccid.PC_to_RDR_GetSlotStatus(0, 1)).bmICCStatus == 1, "it has lost its power between"


def test_there_is_no_such_key(served):
    with host_at(served) as one:
        assert one.import_("1-9") is Status.NODEV
        assert one.gone()


@pytest.mark.parametrize(
    "data",
    [bytes.fromhex("0100800500000000"), bytes.fromhex("0111123400000000"), b"GET / HTTP/1.1\r\n\r\n"],
)
def test_who_speaks_something_else_is_dropped(served, data):
    with host_at(served) as one:
        one.socket.sendall(data)
        assert one.gone()


def test_requests_may_come_in_pieces(served):
    with host_at(served) as one:
        for byte in encode_request(0x8005):
            one.socket.sendall(bytes((byte,)))
        assert len(one.rest()) == 12 + 2 * (312 + 4)


# --- transfers --------------------------------------------------------------------------------------------


def test_apdus_go_through(host):
    assert host.ask(ccid.PC_to_RDR_IccPowerOn(0, 1)).abData == ATR_ISO
    assert host.ask(ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT)).abData == OK
    assert host.ask(ccid.PC_to_RDR_XfrBlock(0, 3, abData=INFO)).abData[-2:] == OK


def test_a_stall_and_a_short_answer(host):
    stalled = host.control(Setup(0xA1, 9, 0, 0, 8))
    assert (stalled.status, stalled.actual_length) == (-Errno.EPIPE, 0)
    short = host.control(Setup(0x80, 6, 0x0100, 0, 255))
    assert (short.status, short.actual_length) == (0, 18)


def test_reads_may_wait_and_frames_may_come_together(host):
    seqnums = [host.submit(2, inward=True, length=512) for _ in range(2)]
    command = ccid.PC_to_RDR_GetSlotStatus(0, 5).encode()
    out = [
        CmdSubmit(seqnum=n, ep=1, transfer_buffer_length=10, transfer_buffer=command).encode()
        for n in (900, 901)
    ]
    host.socket.sendall(b"".join(out))
    ends = [host.ended(inward=inward).seqnum for inward in (False, True, False, True)]
    assert ends == [900, seqnums[0], 901, seqnums[1]]


def test_a_waiting_transfer_is_unlinked_and_an_ended_one_is_not(host):
    waiting = host.submit(2, inward=True, length=512)
    assert host.unlink(waiting).status == -Errno.ECONNRESET
    assert host.unlink(waiting).status == 0
    done = host.transfer(0, inward=True, length=18, setup=Setup(0x80, 6, 0x100, 0, 18).encode())
    assert host.unlink(done.seqnum).status == 0
    assert host.ask(ccid.PC_to_RDR_GetSlotStatus(0, 5)).bSeq == 5


def test_a_seqnum_in_use_and_a_wrong_frame_end_the_connection(served):
    frames = [
        CmdSubmit(seqnum=7, direction=1, ep=2, transfer_buffer_length=512).encode() * 2,
        RetSubmit(seqnum=7).encode(),
    ]
    for data in frames:
        with imported(served) as one:
            one.configure()
            one.socket.sendall(data)
            assert one.gone()


def test_a_slow_module_is_heard_of_while_it_works(served, host):
    host.ask(ccid.PC_to_RDR_IccPowerOn(0, 1))
    served.process.faults.add(point=LATENCY, action="delay", delay=600, count=1)
    host.transfer(1, inward=False, data=ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT).encode())
    host.submit(2, inward=True, length=512)
    served.lab.advance(1)
    served.lab.advance(1)
    eventually(lambda: served.call(lambda: served.process.usb.devices[0].reader.iccs[0].work.aged))
    served.lab.advance(2)
    assert host.ended(inward=True).transfer_buffer == bytes.fromhex("80 00000000 00 02 80 01 00")
    served.lab.advance(600)
    while host.transfer(2, inward=True, length=512).transfer_buffer[7] == 0x80:
        pass


# --- hands ------------------------------------------------------------------------------------------------


def test_pulled_out_the_connection_ends_and_the_key_is_nowhere():
    with usb_serving() as served, host_at(served) as one:
        one.begin()
        assert do(served, "unplug").status_code == 200
        assert one.gone()
        with host_at(served) as other:
            assert other.devices() == []
        with host_at(served) as other:
            assert other.import_() is Status.NODEV
        do(served, "plug")
        with imported(served) as again:
            again.configure()
            assert again.ask(ccid.PC_to_RDR_IccPowerOn(0, 1)).abData == ATR_ISO
            do(served, "power-cut")
            assert again.gone()
        with imported(served) as again:
            assert again.devid


def test_card_out_and_in_and_a_reader_that_freezes():
    with usb_serving() as served, host_at(served) as one:
        one.begin()
        assert one.transfer(3, inward=True, length=8).transfer_buffer == bytes.fromhex("5003")
        do(served, "card-remove")
        assert one.transfer(3, inward=True, length=8).transfer_buffer == bytes.fromhex("5002")
        assert one.ask(ccid.PC_to_RDR_IccPowerOn(0, 1)).bError == 0xFE
        do(served, "card-insert")
        assert one.transfer(3, inward=True, length=8).transfer_buffer == bytes.fromhex("5003")
        do(served, "reader-freeze", seconds=1000)
        one.transfer(1, inward=False, data=ccid.PC_to_RDR_GetSlotStatus(0, 9).encode())
        one.submit(2, inward=True, length=512)
        served.lab.advance(1001)
        assert one.ended(inward=True).transfer_buffer[6] == 9
        state = httpx.get(f"{served.addresses['control']}/control/state", timeout=PATIENCE).json()
        assert state["modules"][0]["bodies"]["usbip"] == {
            "address": served.addresses["usbip"],
            "plugged": True,
            "connected": True,
        }


def test_one_reader_with_a_slot_for_each_module():
    with usb_serving(3, UsbSettings(one_reader=True)) as served, host_at(served) as one:
        assert one.import_().idProduct == 0x4B02
        one.configure()
        for slot in range(3):
            assert one.ask(ccid.PC_to_RDR_IccPowerOn(slot, 1)).abData == ATR_ISO
        one.transfer(3, inward=True, length=8)
        do(served, "unplug", index=1)
        assert one.transfer(3, inward=True, length=8).transfer_buffer == bytes.fromhex("5019")
        bodies = [
            module["bodies"]["usbip"]["plugged"]
            for module in httpx.get(f"{served.addresses['control']}/control/state", timeout=PATIENCE).json()[
                "modules"
            ]
        ]
        assert bodies == [True, False, True]
        do(served, "plug", index=1)
        assert one.transfer(3, inward=True, length=8).transfer_buffer == bytes.fromhex("501d")
        do(served, "power-cut", index=2)
        assert one.ask(ccid.PC_to_RDR_XfrBlock(2, 2, abData=SELECT)).bError == 0xFE
        assert one.ask(ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT)).abData == OK


def serials(served: Served) -> list[str]:
    """The serial number of every key, as a host reads it."""
    found = []
    with host_at(served) as one:
        names = [device.name for device, _ in one.devices()]
    for name in names:
        with imported(served, name) as one:
            text = one.control(Setup(0x80, 6, 0x0303, 0x0409, 255)).transfer_buffer
            found.append(StringDescriptor.decode(text).text)
    return found


def test_another_module_in_its_place_is_another_device():
    with usb_serving(2) as served:
        assert serials(served) == ["ZZ000000000000", "ZZ000000000001"]
        with imported(served) as one:
            do(served, "replace", new_terminal="ZZ000000000777")
            assert one.gone(), "the host loses the key it had"
        assert serials(served) == ["ZZ000000000777", "ZZ000000000001"]
        do(served, "unplug", index=1)
        do(served, "replace", index=1, new_terminal="ZZ000000000888")
        assert serials(served) == ["ZZ000000000777"]
        do(served, "plug", index=1)
        assert serials(served) == ["ZZ000000000777", "ZZ000000000888"]


def test_a_reader_of_several_slots_bears_the_name_of_its_first():
    with usb_serving(2, UsbSettings(one_reader=True)) as served:
        with imported(served) as one:
            do(served, "replace", index=1, new_terminal="ZZ000000000888")
            one.configure()
            assert one.ask(ccid.PC_to_RDR_IccPowerOn(1, 1)).abData == ATR_ISO
            do(served, "replace", index=0, new_terminal="ZZ000000000777")
            assert one.gone()
        assert serials(served) == ["ZZ000000000777"]


def test_without_a_reader_the_hands_say_so():
    with serving() as served:
        for operation, body in (("card-remove", {}), ("reader-freeze", {"seconds": 1}), ("usb-capture", {})):
            answer = do(served, operation, **body)
            assert 400 <= answer.status_code < 500
            assert answer.json()["error"]["rule"] == "body"
        assert httpx.get(f"{served.addresses['control']}/usb.pcapng", timeout=PATIENCE).status_code == 404


# --- options ----------------------------------------------------------------------------------------------


def parsed(*arguments):
    options = make_parser().parse_args(["--volatile", *arguments])
    return settings_from(_part(), options).bodies.usb


def _part():
    part, _ = PartSettings.parse(make_parser(), ["--volatile"])
    return part


def test_options_say_what_reader_it_is(tmp_path):
    assert parsed() is None
    plain = parsed("--usbip-port", "0")
    assert plain == UsbSettings(ReaderSettings(atr=ATR_ISO))
    full = parsed(
        "--usbip-port", "3240", "--usb-speed", "high", "--usb-level", "extended", "--usb-one-reader",
        "--atr", "vendor", "--usb-capture", str(tmp_path / "x.pcapng"),
    )  # fmt: skip
    assert (full.port, full.speed, full.one_reader) == (3240, Speed.HIGH, True)
    assert (full.reader.max_message, full.reader.atr) == (65_554, ATR_VENDOR)
    assert full.capture == tmp_path / "x.pcapng"
    with pytest.raises(SettingsError, match="max_message: 100 is not 271 to 65554"):
        parsed("--usbip-port", "0", "--usb-max-message", "100")


def test_the_state_is_json_and_the_addresses_are_announced():
    with usb_serving(2) as served:
        assert served.addresses["usbip"] == served.addresses["usbip.0"] == served.addresses["usbip.1"]
        json.dumps(served.addresses)
