"""Frames out of a stream: whatever the pieces, the same frames come out (OF-03, OF-15)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ofd_mock.uz.frames import BadFrame, Frame, FrameReader
from reference.protocol.uz.frame import seal_frame
from reference.protocol.uz.message import StatusCode

LIMIT = 4096
VALUES = st.binary(max_size=300) | st.binary(min_size=LIMIT, max_size=LIMIT + 200)


def too_big(frame: bytes) -> bool:
    return len(frame) > LIMIT


@given(st.lists(VALUES, min_size=1, max_size=6), st.data())
def test_pieces_and_merging_change_nothing(values: list[bytes], data: st.DataObject) -> None:
    frames = [seal_frame(0x8A, value) for value in values]
    stream = b"".join(frames)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12).map(sorted))
    reader = FrameReader(LIMIT)
    events = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        events += reader.feed(stream[start:end])
    assert [event.code if isinstance(event, BadFrame) else event.data for event in events] == [
        StatusCode.TooBigMessage if too_big(frame) else frame for frame in frames
    ]
    assert not reader.unfinished


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16383, 16384, 70000])
def test_byte_by_byte(size: int) -> None:
    frame = seal_frame(0x8A, bytes(size))
    reader = FrameReader(1 << 20)
    for byte in frame[:-1]:
        assert reader.feed(bytes((byte,))) == []
        assert reader.unfinished
    assert reader.feed(frame[-1:]) == [Frame(frame)]
    assert not reader.unfinished


def test_what_is_too_big_is_answered_from_its_length_and_never_kept() -> None:
    reader = FrameReader(LIMIT)
    (event,) = reader.feed(b"\x06\x8a\xff\xff\x7f")
    assert event == BadFrame(StatusCode.TooBigMessage, event.text, lost=False)
    for _ in range(2_097_151 // 8192):
        assert reader.feed(bytes(8192)) == []
        assert len(reader._held) == 0
    rest = 2_097_151 % 8192 + 4
    good = seal_frame(0x8A, b"")
    assert reader.feed(bytes(rest) + good) == [Frame(good)]


def test_the_limit_counts_the_whole_frame() -> None:
    frame = seal_frame(0x8A, bytes(200))
    assert FrameReader(len(frame)).feed(frame) == [Frame(frame)]
    (event,) = FrameReader(len(frame) - 1).feed(frame)
    assert isinstance(event, BadFrame)


@pytest.mark.parametrize(
    "garbage", [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01", b"\x05", b"\x06\x8a\xff\xff\xff"]
)
def test_after_garbage_nothing_can_be_understood(garbage: bytes) -> None:
    reader = FrameReader(LIMIT)
    (event,) = reader.feed(garbage + seal_frame(0x8A, b""))
    assert isinstance(event, BadFrame)
    assert (event.code, event.lost) == (StatusCode.BadMessageSyntax, True)
    assert reader.feed(seal_frame(0x8A, b"")) == []
    assert not reader.unfinished


@given(st.binary(max_size=200), st.integers(1, 20))
def test_any_bytes_are_survived(data: bytes, step: int) -> None:
    reader = FrameReader(64)
    for start in range(0, len(data), step):
        for event in reader.feed(data[start : start + step]):
            assert isinstance(event, Frame | BadFrame)
        assert len(reader._held) <= 64 + step
