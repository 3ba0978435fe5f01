"""Ordinary PyUSB code against the key in process: found, configured, spoken to, and libusb's errors."""

from __future__ import annotations

import errno
import threading

import pytest
import usb.core
import usb.util

from reference.protocol.usb import ccid
from reference.protocol.uz.apdu import ATR_ISO
from simulator.exchanges import LATENCY
from tests.simulator.served import PATIENCE
from tests.simulator.shells.usb_stand import INFO, OK, SELECT, usb_stand
from tests.waiting import eventually


@pytest.fixture
def stand():
    with usb_stand(2) as one:
        yield one


@pytest.fixture
def key(stand):
    device = usb.core.find(idVendor=0x1209, idProduct=0x4B01, backend=stand.backend)
    device.set_configuration()
    yield device
    usb.util.dispose_resources(device)


def ask(key, message):
    key.write(0x01, message.encode())
    return ccid.decode_answer(bytes(key.read(0x82, 512)))


def test_keys_are_found_by_what_they_say_of_themselves(stand):
    found = list(usb.core.find(find_all=True, backend=stand.backend))
    assert [one.serial_number for one in found] == ["ZZ000000000000", "ZZ000000000001"]
    assert [(one.bus, one.address, one.port_number) for one in found] == [(1, 1, 1), (1, 2, 2)]
    first = found[0]
    assert (first.manufacturer, first.product) == ("Kassalab", "Kassalab Fiscal Module TEST")
    assert first.speed == usb.util.SPEED_FULL
    assert first.parent is None
    interface = first[0][(0, 0)]
    assert interface.bInterfaceClass == 0x0B
    assert bytes(interface.extra_descriptors)[:4] == bytes.fromhex("36211001")
    assert [end.bEndpointAddress for end in interface] == [0x01, 0x82, 0x83]
    assert usb.util.get_string(first, 2) == "Kassalab Fiscal Module TEST"


def test_apdus_go_through(key):
    assert ask(key, ccid.PC_to_RDR_IccPowerOn(0, 1)).abData == ATR_ISO
    assert ask(key, ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT)).abData == OK
    for seq in range(200):
        answer = ask(key, ccid.PC_to_RDR_XfrBlock(0, seq, abData=INFO))
        assert (answer.bSeq, answer.abData[-2:]) == (seq, OK)
    assert bytes(key.read(0x83, 8)) == bytes.fromhex("5003")


def test_errors_are_those_of_libusb(stand, key):
    with pytest.raises(usb.core.USBTimeoutError) as timed_out:
        key.read(0x82, 512, timeout=20)
    assert (timed_out.value.errno, timed_out.value.backend_error_code) == (errno.ETIMEDOUT, -7)
    with pytest.raises(usb.core.USBError) as stalled:
        key.ctrl_transfer(0xA1, 9, 0, 0, 8)
    assert (stalled.value.errno, stalled.value.backend_error_code) == (errno.EPIPE, -9)
    key.write(0x01, ccid.PC_to_RDR_IccPowerOn(0, 1).encode())
    with pytest.raises(usb.core.USBError) as overflown:
        key.read(0x82, 20)
    assert overflown.value.errno == errno.EOVERFLOW
    stand.backend.call(lambda: stand.device.halt(0x82))
    with pytest.raises(usb.core.USBError) as halted:
        key.read(0x82, 512)
    assert halted.value.errno == errno.EPIPE
    key.clear_halt(0x82)
    assert ask(key, ccid.PC_to_RDR_GetSlotStatus(0, 9)).bSeq == 9


def test_an_interface_belongs_to_one(stand, key):
    usb.util.claim_interface(key, 0)
    other = usb.core.find(backend=stand.backend)
    with pytest.raises(usb.core.USBError) as busy:
        usb.util.claim_interface(other, 0)
    assert busy.value.errno == errno.EBUSY
    with pytest.raises(usb.core.USBError):
        other.set_configuration()
    usb.util.release_interface(key, 0)
    usb.util.claim_interface(other, 0)
    usb.util.dispose_resources(other)
    usb.util.claim_interface(key, 0)
    with pytest.raises(usb.core.USBError) as missing:
        stand.backend.claim_interface(stand.backend.open_device(next(stand.backend.enumerate_devices())), 1)
    assert missing.value.errno == errno.ENOENT


def test_a_closed_handle_has_claimed_nothing(stand):
    backend = stand.backend
    device = next(backend.enumerate_devices())
    first, second = backend.open_device(device), backend.open_device(device)
    backend.set_configuration(first, 1)
    backend.claim_interface(first, 0)
    backend.close_device(first)
    backend.claim_interface(second, 0)


def test_what_is_not_there(stand, key):
    backend = stand.backend
    device = next(backend.enumerate_devices())
    handle = backend.open_device(device)
    for look in (
        lambda: backend.get_configuration_descriptor(device, 1),
        lambda: backend.get_interface_descriptor(device, 1, 0, 0),
        lambda: backend.get_endpoint_descriptor(device, 3, 0, 0, 0),
        lambda: backend.get_endpoint_descriptor(device, 0, 0, 1, 0),
    ):
        with pytest.raises(IndexError):
            look()
    with pytest.raises(usb.core.USBError):
        backend.release_interface(handle, 0)
    with pytest.raises(usb.core.USBError):
        backend.set_configuration(handle, 7)
    assert not key.is_kernel_driver_active(0)
    with pytest.raises(usb.core.USBError) as none:
        key.detach_kernel_driver(0)
    assert none.value.errno == errno.ENOENT


def test_alternate_setting_reset_and_configuration(key):
    key.set_interface_altsetting(0, 0)
    assert key.get_active_configuration().bConfigurationValue == 1
    key.reset()
    assert ask(key, ccid.PC_to_RDR_IccPowerOn(0, 1)).abData == ATR_ISO
    usb.util.dispose_resources(key)
    key.set_configuration(0)
    key.reset()
    with pytest.raises(usb.core.USBError):
        key.get_active_configuration()


def test_data_of_a_control_request_reach_the_device(key):
    rates = key.ctrl_transfer(0xA1, 0x03, 0, 0, 64)
    assert bytes(rates)[:4] == (10_752).to_bytes(4, "little")
    assert key.ctrl_transfer(0x02, 0x03, 0, 0x82) == 0
    assert bytes(key.ctrl_transfer(0x82, 0x00, 0, 0x82, 2)) == b"\1\0"


def test_a_key_that_is_pulled_out_is_another_when_it_comes_back(stand, key):
    was = next(stand.backend.enumerate_devices())
    stand.backend.call(stand.device.unplug)
    for use in (
        lambda: key.write(0x01, b"x"),
        lambda: usb.util.claim_interface(key, 0),
        lambda: key.ctrl_transfer(0x80, 8, 0, 0, 1),
    ):
        with pytest.raises(usb.core.USBError) as gone:
            use()
        assert gone.value.errno == errno.ENODEV
    assert usb.core.find(backend=stand.backend).serial_number == "ZZ000000000001"
    with pytest.raises(usb.core.USBError) as gone:
        stand.backend.open_device(was)
    assert gone.value.errno == errno.ENODEV
    stand.backend.call(stand.device.plug)
    again = usb.core.find(
        custom_match=lambda one: one.serial_number == "ZZ000000000000", backend=stand.backend
    )
    assert again.address == 3
    with pytest.raises(usb.core.USBError):
        key.write(0x01, b"x")
    again.set_configuration()
    assert ask(again, ccid.PC_to_RDR_IccPowerOn(0, 1)).abData == ATR_ISO
    usb.util.dispose_resources(again)


def test_a_thread_may_wait_for_news_while_another_works(stand, key):
    ask(key, ccid.PC_to_RDR_IccPowerOn(0, 1))
    assert bytes(key.read(0x83, 8)) == bytes.fromhex("5003")
    heard = []
    watch = threading.Thread(target=lambda: heard.append(bytes(key.read(0x83, 8, timeout=10_000))))
    watch.start()
    ask(key, ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT))
    for seq in range(50):
        assert ask(key, ccid.PC_to_RDR_XfrBlock(0, seq, abData=INFO)).bSeq == seq
    stand.backend.call(stand.reader.remove)
    watch.join(PATIENCE)
    assert heard == [bytes.fromhex("5002")]


def test_many_threads_take_turns(stand):
    keys = list(usb.core.find(find_all=True, backend=stand.backend))
    for one in keys:
        one.set_configuration()
    faults: list[BaseException] = []

    def work(one):
        try:
            ask(one, ccid.PC_to_RDR_IccPowerOn(0, 1))
            ask(one, ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT))
            for seq in range(150):
                assert ask(one, ccid.PC_to_RDR_XfrBlock(0, seq, abData=INFO)).bSeq == seq
        except BaseException as error:  # noqa: BLE001
            faults.append(error)

    threads = [threading.Thread(target=work, args=(one,)) for one in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert faults == []
    for one in keys:
        usb.util.dispose_resources(one)


def test_a_slow_module_answers_the_thread_that_waits(stand, key):
    ask(key, ccid.PC_to_RDR_IccPowerOn(0, 1))
    stand.faults.add(point=LATENCY, action="delay", delay=30, count=1)
    key.write(0x01, ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT).encode())
    heard = []
    reader = threading.Thread(target=lambda: heard.append(bytes(key.read(0x82, 512, timeout=10_000))))
    reader.start()

    def answered():
        stand.lab.advance(1)
        return heard

    assert eventually(answered)[0][7] in (0x80, 0x00)
    reader.join(PATIENCE)
