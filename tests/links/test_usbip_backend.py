"""Ordinary PyUSB code over USB/IP, without a kernel: what libusb would do and raise."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import usb.core
import usb.util

from reference.links.address import Endpoint
from reference.links.usbip_backend import UsbipBackend
from reference.links.usbip_client import ImportedDevice, TransferTimeoutError, UsbipGoneError, listed
from reference.protocol.usb import usbip
from reference.protocol.usb.ccid import PC_to_RDR_GetSlotStatus, PC_to_RDR_IccPowerOn, decode_answer
from reference.protocol.usb.setup import CcidRequest
from reference.protocol.uz.apdu import ATR_ISO
from simulator.shells.usb_identity import BULK_IN, BULK_OUT, INTERRUPT_IN
from tests.links.bench import Bench, bench
from tests.waiting import PATIENCE, eventually


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Bench]:
    with bench(folder=tmp_path) as made:
        yield made


@pytest.fixture
def backend(served: Bench) -> UsbipBackend:
    host, _, port = served.served.addresses["usbip"].rpartition(":")
    return UsbipBackend(Endpoint(host, int(port)))


@pytest.fixture
def key(backend: UsbipBackend) -> Iterator[Any]:
    device = usb.core.find(idVendor=0x1209, backend=backend)
    device.set_configuration()
    yield device
    usb.util.dispose_resources(device)


def failure(work: Callable[[], object]) -> tuple[type, int | None, int]:
    with pytest.raises(usb.core.USBError) as raised:
        work()
    return raised.type, raised.value.errno, raised.value.backend_error_code


def test_what_find_tells(key: Any) -> None:
    """UZ-DEV-06"""
    assert (key.idVendor, key.idProduct, key.bDeviceClass) == (0x1209, 0x4B01, 0)
    assert key.manufacturer == "Kassalab"
    assert key.product == "Kassalab Fiscal Module TEST"
    assert key.serial_number == "ZZ000000000000"
    assert (key.bus, key.address, key.parent, key.speed) == (1, 2, None, usbip.Speed.FULL)
    configuration = key.get_active_configuration()
    assert configuration.bNumInterfaces == 1
    interface = configuration[(0, 0)]
    assert interface.bInterfaceClass == 0x0B
    assert len(interface.extra_descriptors) == 54
    addresses = {one.bEndpointAddress for one in interface}
    assert addresses == {BULK_IN, BULK_OUT, INTERRUPT_IN}
    assert "Kassalab" in str(key)


def test_indexes_beyond_the_last(backend: UsbipBackend, key: Any) -> None:
    device = key._ctx.dev
    for ask in (
        lambda: backend.get_configuration_descriptor(device, 1),
        lambda: backend.get_interface_descriptor(device, 1, 0, 0),
        lambda: backend.get_interface_descriptor(device, 0, 1, 0),
        lambda: backend.get_endpoint_descriptor(device, 3, 0, 0, 0),
    ):
        with pytest.raises(IndexError):
            ask()


def test_write_and_read(key: Any) -> None:
    command = PC_to_RDR_IccPowerOn(bSeq=7).encode()
    assert key.write(BULK_OUT, command) == len(command)
    answer = decode_answer(bytes(key.read(BULK_IN, 64)))
    assert (answer.bSeq, answer.abData) == (7, ATR_ISO)  # type: ignore[attr-defined]
    assert bytes(key.read(INTERRUPT_IN, 8)) == b"\x50\x03"


def test_silence_is_a_timeout_and_spoils_nothing(key: Any) -> None:
    assert failure(lambda: key.read(BULK_IN, 64, 20)) == (usb.core.USBTimeoutError, errno.ETIMEDOUT, -7)
    command = PC_to_RDR_GetSlotStatus(bSeq=1).encode()
    key.write(BULK_OUT, command, 0)
    assert decode_answer(bytes(key.read(BULK_IN, 64, 0))).bSeq == 1


def test_a_stall_is_a_broken_pipe_until_it_is_cleared(served: Bench, key: Any) -> None:
    body: Any = served.body("usbip")
    served.served.call(lambda: body.device.halt(BULK_IN))
    assert failure(lambda: key.read(BULK_IN, 64)) == (usb.core.USBError, errno.EPIPE, -9)
    key.clear_halt(BULK_IN)
    key.write(BULK_OUT, PC_to_RDR_GetSlotStatus().encode())
    assert len(key.read(BULK_IN, 64)) == 10
    assert failure(lambda: key.ctrl_transfer(0xC0, 0x55, 0, 0, 4)) == (usb.core.USBError, errno.EPIPE, -9)


def test_control_transfers(key: Any) -> None:
    assert bytes(key.ctrl_transfer(0x80, 8, 0, 0, 1)) == b"\x01"
    assert key.ctrl_transfer(0x21, CcidRequest.ABORT, 0, 0) == 0


def test_an_answer_too_long_for_the_buffer(key: Any) -> None:
    key.write(BULK_OUT, PC_to_RDR_IccPowerOn().encode())
    assert failure(lambda: key.read(BULK_IN, 8)) == (usb.core.USBError, errno.EOVERFLOW, -8)


def test_an_unplugged_device(served: Bench, backend: UsbipBackend, key: Any) -> None:
    served.unplug()
    command = PC_to_RDR_GetSlotStatus().encode()

    def gone() -> bool:
        return failure(lambda: key.write(BULK_OUT, command)) == (usb.core.USBError, errno.ENODEV, -4)

    eventually(gone)
    assert usb.core.find(idVendor=0x1209, backend=backend) is None
    served.plug()
    assert usb.core.find(idVendor=0x1209, backend=backend).serial_number == "ZZ000000000000"


def test_one_host_at_a_time(backend: UsbipBackend, key: Any) -> None:
    """A device that another host has is still listed, and says so when it is opened."""
    again = usb.core.find(idVendor=0x1209, backend=backend)
    assert (again.idProduct, again.iSerialNumber) == (0x4B01, 0)
    assert failure(again.set_configuration) == (usb.core.USBError, errno.EBUSY, -6)
    usb.util.dispose_resources(key)
    again.set_configuration()
    usb.util.dispose_resources(again)


def test_a_reset_leaves_it_configured(key: Any) -> None:
    usb.util.claim_interface(key, 0)
    key.reset()
    assert key.get_active_configuration().bConfigurationValue == 1
    assert bytes(key.ctrl_transfer(0x80, 8, 0, 0, 1)) == b"\x01"
    key.set_interface_altsetting(0, 0)
    assert not key.is_kernel_driver_active(0)


def test_transfers_of_several_threads(key: Any) -> None:
    """One waits for a notice while another works; whoever reads, reads for both."""
    assert bytes(key.read(INTERRUPT_IN, 8)) == b"\x50\x03"
    heard: list[object] = []
    waiting = threading.Thread(target=lambda: heard.append(failure(lambda: key.read(INTERRUPT_IN, 8, 400))))
    waiting.start()
    for seq in range(50):
        key.write(BULK_OUT, PC_to_RDR_GetSlotStatus(bSeq=seq).encode())
        assert decode_answer(bytes(key.read(BULK_IN, 64))).bSeq == seq
    waiting.join(PATIENCE)
    assert heard == [(usb.core.USBTimeoutError, errno.ETIMEDOUT, -7)]


def ask(key: Any, seq: int, size: int = 64) -> int:
    key.write(BULK_OUT, PC_to_RDR_GetSlotStatus(bSeq=seq).encode())
    return decode_answer(bytes(key.read(BULK_IN, size))).bSeq


def test_reads_that_were_begun_ahead(key: Any) -> None:
    """A program sees nothing of them: other sizes, silence, two writes, clearing, all as without."""
    assert [ask(key, seq) for seq in range(4)] == [0, 1, 2, 3]
    assert [ask(key, seq, 128) for seq in range(4, 6)] == [4, 5]
    assert failure(lambda: key.read(BULK_IN, 128, 20)) == (usb.core.USBTimeoutError, errno.ETIMEDOUT, -7)
    for seq in (6, 7):
        key.write(BULK_OUT, PC_to_RDR_GetSlotStatus(bSeq=seq).encode())
    key.clear_halt(BULK_IN)
    assert [decode_answer(bytes(key.read(BULK_IN, 128))).bSeq for _ in range(2)] == [6, 7]
    assert ask(key, 8) == 8
    key.write(BULK_OUT, PC_to_RDR_GetSlotStatus(bSeq=9).encode())
    assert failure(lambda: key.read(BULK_IN, 8)) == (usb.core.USBError, errno.EOVERFLOW, -8)
    assert ask(key, 10) == 10


def test_a_read_begun_ahead_that_stalls(served: Bench, key: Any) -> None:
    assert [ask(key, seq) for seq in range(2)] == [0, 1]
    body: Any = served.body("usbip")
    served.served.call(lambda: body.device.halt(BULK_OUT))
    command = PC_to_RDR_GetSlotStatus().encode()
    assert failure(lambda: key.write(BULK_OUT, command)) == (usb.core.USBError, errno.EPIPE, -9)
    served.served.call(lambda: body.device.halt(BULK_IN))
    assert failure(lambda: key.read(BULK_IN, 64)) == (usb.core.USBError, errno.EPIPE, -9)
    for endpoint in (BULK_OUT, BULK_IN):
        key.clear_halt(endpoint)
    assert [ask(key, seq) for seq in range(2, 4)] == [2, 3]


# --- servers that misbehave -------------------------------------------------------------------------------


@contextmanager
def server(*replies: bytes, hold: bool = False) -> Iterator[Endpoint]:
    """Answers each connection's first request with the next of `replies` and closes it, unless it holds."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            for reply in replies:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(reply)
                    if hold:
                        over.wait(PATIENCE)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield Endpoint("127.0.0.1", listening.getsockname()[1])
        over.set()
        thread.join(PATIENCE)


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.1 400 Bad Request\r\n", bytes.fromhex("0111000500000000")])
def test_who_is_no_usbip_server(reply: bytes) -> None:
    with server(reply) as endpoint, pytest.raises(UsbipGoneError):
        listed(endpoint)


def test_an_import_refused() -> None:
    reply = usbip.encode_import_reply(None, usbip.Status.NODEV)
    with server(reply) as endpoint, pytest.raises(UsbipGoneError, match="NODEV"):
        ImportedDevice(endpoint, "1-1")


IMPORTED = usbip.encode_import_reply(usbip.exported("1-1", 1, 2, usbip.Speed.FULL, {}, 1))


def test_a_server_that_stops_answering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reference.links.usbip_client.UNLINK_SECONDS", 0.05)
    with server(IMPORTED, hold=True) as endpoint:
        device = ImportedDevice(endpoint, "1-1")
        with pytest.raises(TransferTimeoutError):
            device.read(0x81, 64, 0.05)
        assert not device.gone
        device.close()
        with pytest.raises(UsbipGoneError):
            device.write(1, b"x", 1)


def test_a_server_that_breaks_the_stream() -> None:
    with server(IMPORTED + b"\xff" * 48) as endpoint, pytest.raises(UsbipGoneError):
        ImportedDevice(endpoint, "1-1").read(0x81, 64, 5)


def test_nobody_there() -> None:
    backend = UsbipBackend(Endpoint("127.0.0.1", 1))
    with pytest.raises(usb.core.USBError) as raised:
        usb.core.find(backend=backend)
    assert raised.value.errno == errno.ENODEV
    with pytest.raises(UsbipGoneError, match="neither loopback nor private"):
        listed(Endpoint("8.8.8.8", 3240))
