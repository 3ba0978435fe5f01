from __future__ import annotations

import pytest

from reference.protocol.usb.atr import Atr, check_byte
from reference.protocol.usb.errors import AtrError
from reference.protocol.uz.apdu import ATR_ISO, ATR_VENDOR


def test_the_modules_atr():
    atr = Atr.decode(ATR_ISO)
    assert atr.protocols == (0, 1)
    assert atr.historical == bytes.fromhex("80318065b085030101010302010401")
    assert (atr.fi_di, atr.guard_time) == (0x11, 0)
    assert (atr.tck, atr.checked) == (0x68, True)


def test_the_vendors_check_byte_is_wrong():
    atr = Atr.decode(ATR_VENDOR)
    assert not atr.checked
    assert (atr.tck, atr.tck_wanted) == (0x05, 0x68)


def test_interface_bytes_of_every_level():
    # TS T0 TA1 TB1 TC1 TD1 | TA2 TD2 | TA3 | one historical byte
    data = bytes.fromhex("3b f1 13 00 05 91 81 1f 20 41")
    atr = Atr.decode(data + bytes((check_byte(data[1:]),)))
    assert atr.interface == ((0x13, 0, 5, 0x91), (0x81, None, None, 0x1F), (0x20, None, None, None))
    assert (atr.fi_di, atr.guard_time) == (0x13, 5)
    assert atr.protocols == (1,), "T=15 is no protocol"
    assert atr.checked


def test_t0_alone_has_no_check_byte():
    assert Atr.decode(bytes.fromhex("3b00")).protocols == (0,)
    assert Atr.decode(bytes.fromhex("3f00")).checked
    superfluous = Atr.decode(bytes.fromhex("3b02414200"))
    assert superfluous.tck == 0
    assert not superfluous.checked


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("3b", "ATR: 1 bytes, not 2 to 33"),
        ("3b" + "00" * 33, "ATR: 34 bytes"),
        ("3c00", "TS: 0x3c, not 3B or 3F"),
        ("3b80", "TD1: announced but not there"),
        ("3b034142", "T0: 2 historical bytes, T0 says 3"),
        ("3b00aabb", "ATR: 1 bytes too many"),
    ],
)
def test_what_is_no_atr(data, text):
    with pytest.raises(AtrError) as caught:
        Atr.decode(bytes.fromhex(data))
    assert text in str(caught.value)
