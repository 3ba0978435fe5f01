"""A stock kernel takes our reader for what it says: enumerated, described, pulled, put back (UZ-DEV-06)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reference.protocol.usb.descriptor_checks import check_descriptors
from reference.protocol.usb.descriptors import (
    ENGLISH_US,
    DescriptorType,
    DeviceDescriptor,
    StringDescriptor,
    parse_configuration,
)
from tests.guest.stand import BUS_ID, COMPLAINTS, OLDER_CCID, PATIENCE, TERMINAL, Stand, stand
from tests.waiting import eventually
from tools.guest.errors import GuestError, GuestSilent
from tools.guest.images import USB
from tools.guest.init import server_address
from tools.guest.machine import Answer

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("guest-usb")]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with stand(USB, tmp_path_factory.mktemp("guest")) as found:
        found.attach()
        yield found


def test_the_server_lists_its_reader(reader: Stand) -> None:
    listed = "\n".join(reader.guest.check(f"usbip list -r {server_address()}"))
    assert f"{BUS_ID}: " in listed
    assert "(1209:4b01)" in listed
    assert "(0b/00/00)" in listed


def test_the_kernel_enumerates_it(reader: Stand) -> None:
    log = reader.guest.kernel_log()
    assert "new full-speed USB device number 2 using vhci_hcd" in log
    assert "New USB device found, idVendor=1209, idProduct=4b01" in log
    assert "Product: Kassalab Fiscal Module TEST" in log
    assert "Manufacturer: Kassalab" in log
    assert f"SerialNumber: {TERMINAL}" in log
    assert "device descriptor read" not in log, (
        "the kernel complains like this of a device that does not answer"
    )


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("speed", "12"),
        ("version", " 2.00"),
        ("bDeviceClass", "00"),
        ("bConfigurationValue", "1"),
        ("manufacturer", "Kassalab"),
        ("product", "Kassalab Fiscal Module TEST"),
        ("serial", TERMINAL),
        ("1-1:1.0/bInterfaceClass", "0b"),
        ("1-1:1.0/bInterfaceSubClass", "00"),
        ("1-1:1.0/bInterfaceProtocol", "00"),
        ("1-1:1.0/bNumEndpoints", "03"),
    ],
)
def test_the_kernel_shows_it(reader: Stand, file: str, text: str) -> None:
    assert reader.sysfs(file) == text


def test_lsusb_finds_no_fault(reader: Stand) -> None:
    answer = reader.guest.run("lsusb -v -d 1209:4b01")
    assert answer.status == 0
    text = answer.text.replace(OLDER_CCID, "")
    assert "ChipCard Interface Descriptor:" in text
    assert "bcdCCID              1.10" in text
    assert "APDU level exchange" in text
    assert [word for word in COMPLAINTS if word in text.lower()] == [], text


def test_what_the_kernel_read_keeps_the_rules(reader: Stand) -> None:
    (text,) = reader.guest.check("hexdump -v -e '1/1 \"%02x\"' /sys/bus/usb/devices/1-1/descriptors")
    data = bytes.fromhex(text)
    device = DeviceDescriptor.decode(data[:18])
    tree = parse_configuration(data[18:])
    assert (device.idVendor, device.idProduct) == (0x1209, 0x4B01)
    assert tree.encode() == data[18:]
    found = {(DescriptorType.DEVICE, 0): data[:18], (DescriptorType.CONFIGURATION, 0): data[18:]}
    found[DescriptorType.STRING, 0] = StringDescriptor.languages(ENGLISH_US).encode()
    strings = {
        "manufacturer": device.iManufacturer,
        "product": device.iProduct,
        "serial": device.iSerialNumber,
        "configuration": tree.descriptor.iConfiguration,
        "1-1:1.0/interface": tree.interfaces[0].descriptor.iInterface,
    }
    for file, index in strings.items():
        if index:
            found[DescriptorType.STRING, index] = StringDescriptor.of(reader.sysfs(file)).encode()
    assert check_descriptors(found) == []


def test_a_second_host_is_refused(reader: Stand) -> None:
    answer = reader.guest.run(f"usbip attach -r {server_address()} -b {BUS_ID}")
    assert answer.status != 0
    assert "busy" in answer.text.lower()


def test_a_command_that_takes_too_long_is_given_up(reader: Stand) -> None:
    with pytest.raises(GuestSilent, match=r"in 0\.1 s"):
        reader.guest.run("sleep 1; echo late", seconds=0.1)
    assert reader.guest.run("echo next; false") == Answer(1, ("next",))
    with pytest.raises(GuestError, match="`ls /nowhere` ended with 1: ls: /nowhere: No such file"):
        reader.guest.check("ls /nowhere")


def test_pulled_out_and_put_back(reader: Stand) -> None:
    reader.control.do("unplug")
    eventually(lambda: "1-1: USB disconnect, device number 2" in reader.guest.kernel_log(), PATIENCE)
    assert "1209:4b01" not in reader.guest.run(f"usbip list -r {server_address()} 2>&1").text
    reader.control.do("plug")
    reader.attach()
    assert "new full-speed USB device number 3 using vhci_hcd" in reader.guest.kernel_log()
    assert reader.sysfs("serial") == TERMINAL
