"""Addresses of modules on every kind of cable."""

from __future__ import annotations

import pytest

from reference.links.address import AddressRefusedError, Endpoint
from reference.links.urls import UsbPlace, make_link, parse_module_url, parse_usb_place

WRITTEN = {
    "tcp://127.0.0.1": "tcp://127.0.0.1:4387",
    "module:usb:1209:4B01": "usb:1209:4b01",
    "usb://1209:4b01/": None,
    "USB:1209:4b01:ZZ000000000000": "usb:1209:4b01:ZZ000000000000",
    "usb:1209:4b02?slot=3&usbip=127.0.0.1": "usb:1209:4b02?usbip=127.0.0.1:3240&slot=3",
    "usb:1209:4b01?slot=0": "usb:1209:4b01",
    "module:pcsc:Kassalab PCD 00 00": "pcsc:Kassalab PCD 00 00",
    "pcsc:*PCD*": "pcsc:*PCD*",
    "pcsc:0": "pcsc:0",
    "serial:/dev/ttyS0": "serial:/dev/ttyS0",
    "serial:COM3": "serial:COM3",
    "serial:socket://127.0.0.1": "serial:socket://127.0.0.1:4387",
    "serial:socket://[::1]:99/": "serial:socket://[::1]:99",
}


@pytest.mark.parametrize(("text", "address"), [pair for pair in WRITTEN.items() if pair[1]])
def test_what_is_written_and_what_it_means(text: str, address: str) -> None:
    parsed = parse_module_url(text)
    assert str(parsed) == address
    assert parse_module_url(str(parsed)) == parsed


@pytest.mark.parametrize(
    "text",
    [
        *("usb:", "usb:1209", "usb:1209:4b1", "usb:1209:4b01:", "usb:1209:4b01:A:B", "usb://1209:4b01/"),
        *("usb:1209:4b01?slot=256", "usb:1209:4b01?slot=-1", "usb:1209:4b01?slot=²"),
        *("usb:1209:4b01?usbip=", "usb:1209:4b01?port=1", "pcsc:", "serial:", "serial:socket://", "tcp:h:1"),
    ],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(AddressRefusedError):
        parse_module_url(text)


def test_a_message_names_what_there_is() -> None:
    with pytest.raises(AddressRefusedError, match=r"usb:VID:PID\[:SERIAL\], pcsc:READER, serial:PORT"):
        parse_module_url("bluetooth:1")
    with pytest.raises(AddressRefusedError, match=r"slot is a number of 0…255, not 'x'"):
        parse_usb_place("1209:4b01?slot=x")


def test_a_place_on_usb() -> None:
    place = parse_usb_place("1209:4B02:ZZ1?slot=2&usbip=localhost:9")
    assert place == UsbPlace(0x1209, 0x4B02, "ZZ1", 2, Endpoint("localhost", 9))


@pytest.mark.parametrize(
    "text",
    [
        *("usb:1209:4b01:ZZ000000000000?usbip=127.0.0.1:3240", "usb:1209:4b01", "pcsc:0", "serial:/dev/tty0"),
        "serial:socket://127.0.0.1:4387",
    ],
)
def test_a_link_is_called_what_it_was_asked_for(text: str) -> None:
    assert make_link(text).name == text
