"""The key on USB as a host controller meets it: control requests, packets, halts, notices, the plug."""

from __future__ import annotations

import pytest

from reference.protocol.usb import ccid
from reference.protocol.usb.descriptor_checks import check_descriptors
from reference.protocol.usb.descriptors import CcidFeatures, DescriptorType, StringDescriptor
from reference.protocol.usb.setup import Setup
from reference.protocol.usb.usbip import Errno, Speed
from simulator.exchanges import LATENCY
from simulator.shells.reader_settings import LEVELS, ReaderSettings
from simulator.shells.urb import Urb
from simulator.shells.usb_bench import UsbSettings
from simulator.shells.usb_identity import BULK_IN, BULK_OUT, INTERRUPT_IN, Identity
from tests.simulator.shells.usb_stand import INFO, OK, SELECT, usb_stand

STATUS = ccid.PC_to_RDR_GetSlotStatus(0, 7).encode()
POWER_ON = ccid.PC_to_RDR_IccPowerOn(0, 1).encode()
STALL = -Errno.EPIPE
HALF = bytes.fromhex("6f 64000000 00 08 00 0000") + bytes(54)
"""One packet of a command of 110 bytes."""


@pytest.fixture
def stand():
    with usb_stand() as one:
        yield one


@pytest.fixture
def ready():
    with usb_stand() as one:
        one.configure()
        yield one


def every_descriptor(stand):
    found = {}
    for kind in DescriptorType:
        for index in range(6):
            urb = stand.control(Setup(0x80, 6, kind << 8 | index, 0x0409, 255))
            if urb.status == 0:
                found[int(kind), index] = urb.data
    return found


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("speed", [Speed.FULL, Speed.HIGH])
@pytest.mark.parametrize("slots", [1, 3])
def test_no_rule_of_usb_or_ccid_finds_fault_with_the_descriptors(level, speed, slots):
    usb = UsbSettings(ReaderSettings(LEVELS[level]), speed, one_reader=True)
    with usb_stand(slots, usb) as one:
        assert check_descriptors(every_descriptor(one), speed) == []


def test_the_device_says_what_it_is_and_claims_no_vendors_ids(stand):
    found = every_descriptor(stand)
    assert found[1, 0] == bytes.fromhex("1201 0002 000000 40 0912 014b 0001 010203 01")
    texts = [StringDescriptor.decode(found[3, index]).text for index in (1, 2, 3)]
    assert texts == ["Kassalab", "Kassalab Fiscal Module TEST", "ZZ000000000000"]
    assert set(found) == {(1, 0), (2, 0), (3, 0), (3, 1), (3, 2), (3, 3), (3, 4)}, (
        "no qualifier at full speed"
    )


def test_a_descriptor_is_cut_to_what_was_asked_for(stand):
    urb = stand.control(Setup(0x80, 6, 0x0200, 0, 9))
    assert urb.data == bytes.fromhex("0902 5d00 01 01 00 80 32")
    assert urb.actual == 9


def test_an_identity_has_a_speed_of_usb_2():
    with pytest.raises(ValueError, match="neither full nor high"):
        Identity("ZZ", speed=Speed.LOW)


REQUESTS = [
    ("8000000000000200", b"\0\0", "status of the device"),
    ("8100000000000200", b"\0\0", "status of the interface"),
    ("8100000001000200", None, "status of no interface"),
    ("8200000082000200", b"\0\0", "status of an endpoint"),
    ("8200000000000200", b"\0\0", "status of endpoint 0"),
    ("8200000085000200", None, "status of no endpoint"),
    ("8000000001000200", None, "status of nothing"),
    ("8008000000000100", b"\1", "configuration"),
    ("810a000000000100", b"\0", "alternate setting"),
    ("810a000001000100", None, "alternate setting of no interface"),
    ("010b000000000000", b"", "choose the alternate setting there is"),
    ("010b010000000000", None, "choose another"),
    ("0009020000000000", None, "no such configuration"),
    ("0009000000000000", b"", "no configuration"),
    ("0005050000000000", b"", "an address"),
    ("0005800000000000", None, "no address"),
    ("0003010000000000", None, "remote wake-up is not there"),
    ("0203000001000000", b"", "halt an endpoint"),
    ("0203000000000000", b"", "endpoint 0 cannot be halted"),
    ("0203000005000000", None, "halt no endpoint"),
    ("0007000100000000", None, "set a descriptor"),
    ("820c000082000200", None, "a frame number"),
    ("8006000600000a00", None, "qualifier of a full-speed device"),
    ("c006000100001200", None, "a vendor's request"),
    ("a103000000001800", bytes.fromhex("002a000001540000 02a80000 05500100 0ba00200 16400500"), "data rates"),
    ("a102000000000800", bytes.fromhex("a00f0000"), "clock frequencies"),
    ("a102010000000800", None, "clock frequencies with a value"),
    ("a102000001000800", None, "clock frequencies of no interface"),
    ("a104000000000800", None, "a class request there is not"),
    ("2102000000000000", None, "clock frequencies the wrong way"),
    ("2101000700000000", b"", "abort"),
    ("2101010700000000", None, "abort in no slot"),
]


@pytest.mark.parametrize(("setup", "answer", "_name"), REQUESTS, ids=[row[2] for row in REQUESTS])
def test_control_requests(ready, setup, answer, _name):
    urb = ready.control(Setup.decode(bytes.fromhex(setup)))
    if answer is None:
        assert (urb.status, urb.actual) == (STALL, 0)
    else:
        assert (urb.status, urb.data) == (0, answer)


def test_what_an_unconfigured_device_does_not_do(stand):
    for setup in ("8100000000000200", "8200000082000200", "810a000000000100", "a102000000000800"):
        assert stand.control(Setup.decode(bytes.fromhex(setup))).status == STALL
    assert stand.write(STATUS).status == -Errno.ENOENT
    assert stand.read().status == -Errno.ENOENT
    assert stand.control(Setup(0x80, 8, wLength=1)).data == b"\0"


def test_transfers_that_cannot_be(ready):
    assert ready.transfer(Urb(0x85, 8)).status == -Errno.ENOENT
    assert ready.transfer(Urb(0, 8)).status == -Errno.EINVAL, "endpoint 0 wants a request"
    assert ready.control(Setup(0x21, 1, 0x0700, 0, 4), b"ab").status == STALL, "two of four bytes"


def test_a_command_and_its_answer(ready):
    out = ready.write(STATUS)
    assert (out.status, out.actual) == (0, 10)
    got = ready.read()
    assert (got.status, got.actual) == (0, 10)
    assert got.data == bytes.fromhex("81 00000000 00 07 01 00 00")


def test_a_read_may_wait_for_the_command(ready):
    waiting = ready.read()
    assert not waiting.finished
    ready.write(STATUS)
    assert waiting.finished
    assert waiting.data[6] == 7


def test_a_command_in_packets(ready):
    ready.write(POWER_ON)
    ready.read()
    long = ccid.PC_to_RDR_XfrBlock(0, 3, abData=bytes.fromhex("0001000080") + bytes(128)).encode()
    for start in range(0, len(long), 64):
        ready.write(long[start : start + 64])
    assert ready.read().data[6] == 3


def test_a_short_packet_ends_a_command_too_early(ready):
    ready.write(STATUS[:6])
    assert ccid.decode_answer(ready.read().data).bError == 1
    ready.write(b"")
    assert not ready.read().finished, "an empty packet by itself is no command"


def test_an_answer_of_whole_packets_ends_with_an_empty_one():
    text = bytes.fromhex("3b") + bytes.fromhex("0f") + bytes(15)
    with usb_stand(level=CcidFeatures.EXTENDED_APDU_LEVEL, max_message=64, atr=text) as one:
        one.configure()
        one.write(POWER_ON)
        assert one.read().actual == 27
        one.write(ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT).encode())
        assert one.read().data[10:] == OK
        one.write(ccid.PC_to_RDR_XfrBlock(0, 3, abData=INFO).encode())
        whole = one.read(64)
        assert (whole.actual, whole.data[9]) == (64, 1), "one piece of a chain, one packet"
        assert one.read(64).actual == 0, "the empty packet that ends it"
        one.write(ccid.PC_to_RDR_XfrBlock(0, 4, wLevelParameter=0x10).encode())
        assert one.read(512).data[6] == 4


def test_an_answer_in_packets_of_64(ready):
    ready.write(POWER_ON)
    ready.read()
    ready.write(ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT).encode())
    ready.read()
    ready.write(ccid.PC_to_RDR_XfrBlock(0, 3, abData=INFO).encode())
    pieces = [ready.read(64).data, ready.read(64).data]
    assert len(pieces[0]) == 64
    assert len(pieces[1]) < 64
    assert ccid.decode_answer(b"".join(pieces)).abData[-2:] == OK


def test_a_buffer_that_is_no_whole_packet_overflows(ready):
    ready.write(POWER_ON)
    urb = ready.read(20)
    assert (urb.status, urb.actual) == (-Errno.EOVERFLOW, 0)


@pytest.mark.parametrize("endpoint", [BULK_OUT, BULK_IN, INTERRUPT_IN])
def test_a_halted_endpoint_stalls_until_it_is_cleared(ready, endpoint):
    waiting = ready.transfer(Urb(endpoint, 64)) if endpoint != BULK_OUT else None
    if endpoint == INTERRUPT_IN:
        waiting = ready.transfer(Urb(endpoint, 8))
    ready.write(HALF)
    assert ready.control(Setup(0x02, 3, 0, endpoint)).status == 0
    if waiting is not None:
        assert waiting.status == STALL
    assert ready.transfer(Urb(endpoint, 64, data=b"")).status == STALL
    assert ready.control(Setup(0x82, 0, 0, endpoint, 2)).data == b"\1\0"
    assert ready.control(Setup(0x02, 1, 0, endpoint)).status == 0
    assert ready.control(Setup(0x82, 0, 0, endpoint, 2)).data == b"\0\0"
    if endpoint == BULK_OUT:
        ready.write(STATUS)
        assert ready.read().data == bytes.fromhex("81 00000000 00 07 01 00 00"), "half a command is forgotten"


def test_every_card_is_news_after_configuration(ready):
    assert ready.transfer(Urb(INTERRUPT_IN, 8)).data == bytes.fromhex("5003")
    waiting = ready.transfer(Urb(INTERRUPT_IN, 8))
    assert not waiting.finished
    ready.backend.call(ready.reader.remove)
    assert waiting.data == bytes.fromhex("5002")


def test_news_that_nobody_fetched_are_told_together():
    with usb_stand(2, UsbSettings(one_reader=True)) as one:
        one.configure()
        one.transfer(Urb(INTERRUPT_IN, 8))
        one.backend.call(lambda: one.reader.remove(0))
        one.backend.call(lambda: one.reader.remove(1))
        one.backend.call(lambda: one.reader.insert(1))
        assert one.transfer(Urb(INTERRUPT_IN, 8)).data == bytes.fromhex("500e")


def test_a_transfer_is_taken_back_once(ready):
    waiting = ready.read()
    assert ready.backend.call(lambda: ready.device.cancel(waiting))
    assert (waiting.status, waiting.finished) == (-Errno.ECONNRESET, True)
    assert not ready.backend.call(lambda: ready.device.cancel(waiting))
    ready.write(STATUS)
    assert ready.read().data[6] == 7, "its answer is not lost to it"


def test_a_reset_forgets_everything(ready):
    ready.write(POWER_ON)
    waiting = ready.transfer(Urb(INTERRUPT_IN, 8)), ready.transfer(Urb(INTERRUPT_IN, 8))
    ready.backend.call(ready.device.reset)
    assert waiting[1].status == -Errno.ECONNRESET
    assert not ready.device.configured
    ready.configure()
    assert not ready.read().finished, "the answer to the power-on is gone"
    assert not ready.reader.iccs[0].active


def test_the_answer_of_an_earlier_session_never_comes(ready):
    ready.write(POWER_ON)
    ready.read()
    ready.faults.add(point=LATENCY, action="delay", delay=5, count=1)
    ready.write(ccid.PC_to_RDR_XfrBlock(0, 2, abData=SELECT).encode())
    ready.configure()
    waiting = ready.read()
    ready.advance(10)
    assert not waiting.finished


def test_pulled_out_and_put_back(ready):
    gone = []
    ready.device.gone.append(lambda: gone.append("gone"))
    waiting = ready.read()
    ready.backend.call(ready.device.unplug)
    ready.backend.call(ready.device.unplug)
    assert (waiting.status, gone) == (-Errno.ESHUTDOWN, ["gone"])
    assert ready.write(STATUS).status == -Errno.ENODEV
    assert ready.control(Setup(0x80, 6, 0x0100, 0, 18)).status == -Errno.ENODEV
    ready.backend.call(ready.device.cut)
    ready.backend.call(ready.device.plug)
    assert ready.write(STATUS).status == -Errno.ENOENT, "not configured"
    ready.configure()
    ready.device.gone.append(lambda: gone.append("cut"))
    ready.backend.call(ready.device.cut)
    assert gone == ["gone", "cut"]
    assert ready.device.plugged
