"""A module in a reader on USB: PyUSB in process and over USB/IP, pulled and frozen at bad moments."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import usb.core

from reference.links.errors import LinkLost, LinkTimeout, NoModule
from reference.links.module import module_session
from reference.links.urls import UsbPlace, make_link, parse_usb_place
from reference.links.usb_ccid import UsbCcidLink, _BulkPipe, _Reader
from reference.protocol.usb.descriptors import CcidDescriptor, CcidFeatures
from reference.protocol.uz import apdu
from reference.protocol.uz.apdu import ATR_ISO
from reference.runtime.clock import LabClock
from simulator.shells.pyusb_backend import LocalBackend
from simulator.shells.reader_settings import ReaderSettings
from simulator.shells.usb_bench import UsbSettings
from tests.links.bench import Bench, bench, selected
from tests.links.conftest import LocalMaker
from tests.waiting import PATIENCE, eventually

KEY = UsbPlace(0x1209, 0x4B01)
INFO = apdu.get_info().encode()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Bench]:
    with bench(folder=tmp_path) as made:
        yield made


def still() -> LabClock:
    return LabClock.private(rate=0, start=datetime(2026, 7, 1, tzinfo=UTC))


def refusal(link: UsbCcidLink) -> str:
    with pytest.raises(NoModule) as raised:
        link.open()
    return str(raised.value)


# --- in process -------------------------------------------------------------------------------------------


def test_a_session_in_process(backend: LocalBackend) -> None:
    """UZ-DEV-06, FM-S-07"""
    with module_session(UsbCcidLink(KEY, backend=backend)) as session:
        assert session.atr == ATR_ISO
        assert session.get_info().terminal_id == "ZZ000000000000"


def test_power_goes_with_the_session(backend: LocalBackend) -> None:
    link = UsbCcidLink(KEY, backend=backend)
    selected(link)
    assert link.transmit(INFO)[-2:] == b"\x90\x00"
    link.close()
    link.close()
    link.open()
    assert link.transmit(INFO) == b"\x6d\x00"


def test_a_reader_is_found_by_its_serial_number(make_local: LocalMaker) -> None:
    backend = make_local(2)
    for serial in ("ZZ000000000001", "ZZ000000000000"):
        with module_session(UsbCcidLink(UsbPlace(0x1209, 0x4B01, serial), backend=backend)) as session:
            assert session.get_info().terminal_id == serial
    nobody = UsbCcidLink(UsbPlace(0x1209, 0x4B01, "ZZ000000000002"), backend=backend)
    assert refusal(nobody) == "usb:1209:4b01:ZZ000000000002: no such reader on USB"
    assert "no such reader" in refusal(UsbCcidLink(UsbPlace(0x1209, 0x4B02), backend=backend))


def test_slots_of_one_reader(make_local: LocalMaker) -> None:
    backend = make_local(3, one_reader=True)
    for slot in (2, 0, 1):
        place = UsbPlace(0x1209, 0x4B02, slot=slot)
        with module_session(UsbCcidLink(place, backend=backend)) as session:
            assert session.get_info().terminal_id == f"ZZ00000000000{slot}"
    assert "the reader's last slot is 2" in refusal(
        UsbCcidLink(UsbPlace(0x1209, 0x4B02, slot=3), backend=backend)
    )


@pytest.mark.parametrize(
    "reader",
    [
        ReaderSettings(CcidFeatures.EXTENDED_APDU_LEVEL),
        ReaderSettings(CcidFeatures.EXTENDED_APDU_LEVEL, max_message=32),
        ReaderSettings(CcidFeatures.TPDU_LEVEL),
    ],
    ids=["extended", "extended in pieces", "TPDU"],
)
def test_every_exchange_level_carries_the_same(reader: ReaderSettings, make_local: LocalMaker) -> None:
    answers = []
    for each in (make_local(lab=still()), make_local(lab=still(), reader=reader)):
        link = UsbCcidLink(KEY, backend=each)
        selected(link)
        answers.append([link.transmit(apdu.get_info(bytes(range(1, 250))).encode()), link.transmit(INFO)])
    assert answers[0] == answers[1]


def test_without_a_card(backend: LocalBackend) -> None:
    link = UsbCcidLink(KEY, backend=backend)
    reader = backend.devices[0].reader
    assert link.presence() == "ZZ000000000000 at 1-1"
    backend.call(reader.remove)
    assert link.presence() is None
    assert refusal(link) == "usb:1209:4b01: no card in slot 0"
    backend.call(reader.insert)
    assert link.presence() == "ZZ000000000000 at 1-1"
    assert link.open() == ATR_ISO


def test_a_card_pulled_between_commands(backend: LocalBackend) -> None:
    """UZ-USB-01"""
    link = UsbCcidLink(KEY, backend=backend)
    selected(link)
    backend.call(backend.devices[0].reader.remove)
    with pytest.raises(LinkLost, match="no card in slot 0"):
        link.transmit(INFO)
    with pytest.raises(LinkLost, match="not connected"):
        link.transmit(INFO)


def test_a_reader_pulled_between_commands(backend: LocalBackend) -> None:
    """UZ-USB-01"""
    link = UsbCcidLink(KEY, backend=backend)
    selected(link)
    backend.call(backend.devices[0].unplug)
    with pytest.raises(LinkLost, match="No such device") as raised:
        link.transmit(INFO)
    assert raised.type is LinkLost
    assert link.presence() is None
    assert "no such reader" in refusal(link)
    backend.call(backend.devices[0].plug)
    selected(link)


def test_a_reader_that_another_program_has(backend: LocalBackend) -> None:
    first, second = UsbCcidLink(KEY, backend=backend), UsbCcidLink(KEY, backend=backend)
    selected(first)
    assert "busy" in refusal(second).lower()
    with pytest.raises(LinkTimeout):
        second.presence()
    assert first.transmit(INFO)[-2:] == b"\x90\x00"
    first.close()
    assert second.open() == ATR_ISO


def test_a_frozen_reader_is_silent_for_fifteen_lab_seconds(make_local: LocalMaker) -> None:
    """EM-03"""
    lab = LabClock.private(rate=0)
    backend = make_local(lab=lab)
    reader = backend.devices[0].reader
    link = UsbCcidLink(KEY, backend=backend, clock=lab.part("drive"))
    selected(link)
    backend.call(reader.freeze)
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            link.transmit(INFO)
        except LinkTimeout as error:
            raised.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join(0.3)
    assert asking.is_alive()
    lab.advance(16)
    asking.join(PATIENCE)
    assert [type(error) for error in raised] == [LinkTimeout]
    backend.call(reader.thaw)
    assert link.open() == ATR_ISO
    assert link.transmit(INFO) == b"\x6d\x00"


def test_a_command_too_long_for_a_message(backend: LocalBackend) -> None:
    link = UsbCcidLink(KEY, backend=backend)
    link.open()
    with pytest.raises(ValueError, match="262 bytes"):
        link.transmit(bytes(262))
    assert link.transmit(apdu.select().encode()) == b"\x90\x00"


def test_a_device_that_is_no_reader(backend: LocalBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reference.links.usb_ccid.SMART_CARD", 3)
    assert "no CCID interface" in refusal(UsbCcidLink(KEY, backend=backend))


def test_without_libusb(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(**_: object) -> object:
        raise usb.core.NoBackendError("No backend available")

    monkeypatch.setattr("usb.core.find", find)
    link = make_link("usb:1209:4b01")
    assert isinstance(link, UsbCcidLink)
    assert refusal(link) == "usb:1209:4b01: PyUSB finds no libusb-1.0 on this machine"


# --- over USB/IP ------------------------------------------------------------------------------------------


def usbip(served: Bench) -> UsbCcidLink:
    link = served.link("usb")
    assert isinstance(link, UsbCcidLink)
    return link


def test_a_session_over_usbip(served: Bench) -> None:
    with module_session(usbip(served)) as session:
        assert session.get_info().terminal_id == "ZZ000000000000"


def test_pulled_in_the_middle_of_a_command(served: Bench) -> None:
    """UZ-USB-02: the outcome is not known, so the link says lost, not absent."""
    link = usbip(served)
    selected(link)
    served.slow(1000)
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            link.transmit(INFO)
        except LinkLost as error:
            raised.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    device = served.body("usbip")
    eventually(lambda: device.connected)
    asking.join(0.2)
    assert asking.is_alive()
    served.unplug()
    asking.join(PATIENCE)
    assert [type(error) for error in raised] == [LinkLost]
    assert link.presence() is None
    assert "no " in refusal(link)
    served.quick()
    served.plug()
    assert link.presence() is not None
    selected(link)


def test_nobody_serves_usbip() -> None:
    link = make_link("usb:1209:4b01?usbip=127.0.0.1:1")
    assert isinstance(link, UsbCcidLink)
    assert "No such device" in refusal(link)
    assert link.presence() is None


def test_held_by_another_host(served: Bench) -> None:
    first, second = usbip(served), usbip(served)
    selected(first)
    assert "busy" in refusal(second).lower()
    with pytest.raises(LinkTimeout):
        second.presence()
    first.close()
    selected(second)


def test_several_readers_on_one_server(tmp_path: Path) -> None:
    with bench(folder=tmp_path, count=3) as served:
        server = served.served.addresses["usbip.0"]
        for serial in ("ZZ000000000002", "ZZ000000000000"):
            with module_session(make_link(f"usb:1209:4b01:{serial}?usbip={server}")) as session:
                assert session.get_info().terminal_id == serial


def test_large_messages_at_high_speed(tmp_path: Path) -> None:
    from reference.protocol.usb.usbip import Speed

    usb = UsbSettings(ReaderSettings(CcidFeatures.EXTENDED_APDU_LEVEL), Speed.HIGH)
    with bench(folder=tmp_path, usb=usb, lab=still()) as served:
        link = usbip(served)
        selected(link)
        assert link.transmit(apdu.get_info(bytes(range(1, 250))).encode()) == link.transmit(INFO)
        assert parse_usb_place("1209:4b01") == KEY


@pytest.mark.parametrize(
    ("transfers", "wanted"),
    [
        ([b"", b"\x80\x02\0\0\0\0\0\0\0\0\x90\0"], 12),
        ([b"\x80\x36\x01" + bytes(317), b""], 320),
        ([b"\x80\x40\x01" + bytes(317), bytes(10)], 330),
        ([b"\x80\x02\0\0\0\0\0\0\0\0\x90"], 11),
        ([b"\x80"], 1),
    ],
)
def test_a_transfer_that_is_not_full_ends_a_message(transfers: list[bytes], wanted: int) -> None:
    """An answer cut short is known to be so at once, not by silence."""

    class Device:
        def read(self, _endpoint: int, buffer: array[int], _timeout: int) -> int:
            data = transfers.pop(0)
            buffer[: len(data)] = array("B", data)
            return len(data)

    reader = _Reader(0, 1, 0x82, 64, CcidDescriptor())
    assert len(_BulkPipe(Device(), reader, "played", None, 15).receive()) == wanted
