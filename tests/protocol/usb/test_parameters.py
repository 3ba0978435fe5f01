from __future__ import annotations

import pytest

from reference.protocol.usb.errors import CommandError
from reference.protocol.usb.parameters import ProtocolDataT0, ProtocolDataT1, decode_parameters


def test_both_structures_byte_for_byte():
    assert ProtocolDataT0(0x13, 0x02, 5, 10, 3).encode() == bytes.fromhex("1302050a03")
    assert ProtocolDataT1(0x13, 0x11, 5, 0x4D, 0, 0xFE, 0).encode() == bytes.fromhex("1311054d00fe00")
    assert decode_parameters(0, bytes.fromhex("1302050a03")) == ProtocolDataT0(0x13, 0x02, 5, 10, 3)
    assert decode_parameters(1, bytes.fromhex("1311054d00fe00")).bIFSC == 254


@pytest.mark.parametrize(
    ("protocol", "data", "error", "field"),
    [
        (2, bytes(5), 7, "bProtocolNum"),
        (0, bytes(7), 1, "dwLength"),
        (1, bytes(5), 1, "dwLength"),
        (0, bytes.fromhex("7100000a00"), 10, "bmFindexDindex"),
        (0, bytes.fromhex("1000000a00"), 10, "bmFindexDindex"),
        (0, bytes.fromhex("1a00000a00"), 10, "bmFindexDindex"),
        (0, bytes.fromhex("1100000a04"), 14, "bClockStop"),
        (1, bytes.fromhex("1110004d000000"), 15, "bIFSC"),
        (1, bytes.fromhex("1110004d00ff00"), 15, "bIFSC"),
    ],
)
def test_what_no_card_has_is_refused_with_its_offset(protocol, data, error, field):
    with pytest.raises(CommandError) as caught:
        decode_parameters(protocol, data)
    assert (caught.value.error, caught.value.field) == (error, field)
