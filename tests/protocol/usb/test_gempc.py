from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.usb import gempc
from reference.protocol.usb.ccid import PC_to_RDR_Escape, PC_to_RDR_GetSlotStatus
from reference.protocol.usb.errors import SerialError

STATUS = PC_to_RDR_GetSlotStatus(0, 1).encode()


def test_a_frame_byte_for_byte():
    # 03 ^ 06 ^ 65 ^ 01 = 61
    assert gempc.seal(STATUS) == bytes.fromhex("03 06 65 00000000 00 01 000000 61")
    assert bytes.fromhex("031516") == gempc.NAK_FRAME


def frames(data, size=1):
    splitter = gempc.Splitter()
    found = []
    for start in range(0, len(data), size):
        splitter.feed(data[start : start + size])
        while (frame := splitter.next()) is not None:
            found.append(frame)
    return found


def test_frames_notices_and_rubbish_in_one_stream():
    data = (
        b"\x99" + gempc.seal(STATUS) + gempc.CARD_ABSENT + gempc.NAK_FRAME + b"\x03\x07" + gempc.CARD_PRESENT
    )
    assert frames(data) == [STATUS, False, gempc.Nak(), True]
    assert frames(data, 1000) == frames(data)
    assert hash(gempc.Nak()) == hash(gempc.Nak())


def test_what_is_begun_is_known():
    splitter = gempc.Splitter()
    assert not splitter.begun
    splitter.feed(b"\x03\x06")
    assert splitter.next() is None
    assert splitter.begun


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (gempc.seal(STATUS)[:-1] + b"\x00", "LRC: 0x00, not 0x61"),
        (b"\x03\x15\x17", "LRC: 0x17, not 0x16"),
        (bytes.fromhex("03066f ffffff7f"), "dwLength: 2147483647, at most 65544"),
    ],
)
def test_a_broken_frame_is_named_and_passed_over(data, text):
    splitter = gempc.Splitter()
    splitter.feed(data)
    with pytest.raises(SerialError) as caught:
        splitter.next()
    assert str(caught.value) == text
    splitter.feed(bytes(8) + gempc.seal(STATUS))
    assert splitter.next() == STATUS


@given(st.lists(st.binary(max_size=280), max_size=5), st.integers(1, 50))
def test_messages_survive_any_cutting(bodies, size):
    messages = [PC_to_RDR_Escape(0, 1, abData=body).encode() for body in bodies]
    assert frames(b"".join(map(gempc.seal, messages)), size) == messages
