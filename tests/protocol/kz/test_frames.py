"""Frames: however bytes arrive, the same frames come out; what is no frame ends the connection."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.kz.errors import FrameError, RangeError
from reference.protocol.kz.frames import (
    HEADER_SIZE,
    MAX_FRAME_BYTES,
    Frame,
    FrameReader,
    Header,
    encode_frame,
)
from tests.protocol.kz.vectors import VECTORS

u32 = st.integers(0, 2**32 - 1)
u16 = st.integers(0, 2**16 - 1)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_a_vector_is_one_frame(vector: dict) -> None:
    data = bytes.fromhex(vector["hex"])
    [frame] = FrameReader().feed(data)
    wanted = dict(vector["header"])
    assert wanted.pop("appcode") == 0x81A2
    assert frame.header._asdict() == wanted
    assert frame.body.hex() == vector["body_hex"]
    assert frame.header.encode().hex() == vector["header_hex"]
    assert frame.encode() == data
    header = vector["header"]
    assert (
        encode_frame(header["version"], header["id"], header["token"], header["reqnum"], frame.body) == data
    )


def test_two_frames_come_out_of_every_split() -> None:
    first, second = encode_frame(203, 4931, 2**32 - 1, 65535, b"\x08\x00"), encode_frame(124, 0, 0, 0, b"")
    data = first + second
    expected = [
        Frame(Header(203, 20, 4931, 2**32 - 1, 65535), b"\x08\x00"),
        Frame(Header(124, 18, 0, 0, 0), b""),
    ]
    for cut, later in itertools.combinations_with_replacement(range(len(data) + 1), 2):
        reader = FrameReader()
        frames = reader.feed(data[:cut]) + reader.feed(data[cut:later]) + reader.feed(data[later:])
        assert frames == expected, (cut, later)
        assert reader.pending == 0


@given(st.lists(st.tuples(u16, u32, u32, u16, st.binary(max_size=40)), max_size=5), st.data())
def test_any_frames_in_any_pieces(
    frames: list[tuple[int, int, int, int, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(encode_frame(*frame) for frame in frames)
    reader, got = FrameReader(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        got += reader.feed(stream[:size])
        stream = stream[size:]
    assert [(*frame.header, frame.body) for frame in got] == [
        (version, HEADER_SIZE + len(body), id, token, reqnum, body)
        for version, id, token, reqnum, body in frames
    ]


def test_one_byte_at_a_time_counts_what_is_pending() -> None:
    data = encode_frame(203, 1, 2, 3, b"\x08\x00")
    reader = FrameReader()
    for place, byte in enumerate(data[:-1], 1):
        assert reader.feed(bytes([byte])) == []
        assert reader.pending == place
    assert len(reader.feed(data[-1:])) == 1


def header(appcode: int = 0x81A2, size: int = 18) -> bytes:
    return appcode.to_bytes(2, "little") + b"\xcb\0" + size.to_bytes(4, "little") + bytes(10)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (header(appcode=0xA281), "FR-03"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "FR-03"),
        (b"\xa2\x82", "FR-03"),
        (b"\x00", "FR-03"),
        (header(size=17), "FR-04"),
        (header(size=0), "FR-04"),
        (header(size=17)[:8], "FR-04"),
        (header(size=MAX_FRAME_BYTES + 1), "FR-05"),
        (header(size=2**32 - 1)[:9], "FR-05"),
    ],
)
def test_bytes_that_are_no_frame_end_the_connection(data: bytes, reason: str) -> None:
    good = encode_frame(203, 1, 1, 1, b"\x08\x00")
    reader = FrameReader()
    with pytest.raises(FrameError, match=reason) as caught:
        reader.feed(good + data)
    assert caught.value.reason == reason
    assert [frame.encode() for frame in caught.value.frames] == [good]
    with pytest.raises(FrameError, match=reason) as again:
        reader.feed(good)
    assert again.value.frames == ()


@pytest.mark.parametrize(("limit", "size", "fits"), [(100, 100, True), (100, 101, False), (18, 18, True)])
def test_the_limit_counts_the_header(limit: int, size: int, fits: bool) -> None:
    data = encode_frame(203, 1, 1, 1, bytes(size - HEADER_SIZE))
    if fits:
        assert len(FrameReader(limit).feed(data)) == 1
    else:
        with pytest.raises(FrameError, match="FR-05"):
            FrameReader(limit).feed(data)


def test_a_header_alone_decodes() -> None:
    assert Header.decode(header(size=5)) == Header(203, 5, 0, 0, 0)
    with pytest.raises(FrameError, match="FR-03"):
        Header.decode(header(appcode=1))
    with pytest.raises(FrameError, match="FR-01"):
        Header.decode(header()[:17])


@pytest.mark.parametrize("field", ["version", "id", "token", "reqnum"])
@pytest.mark.parametrize("value", [-1, 2**32])
def test_header_values_out_of_range_do_not_encode(field: str, value: int) -> None:
    fields = {"version": 203, "id": 1, "token": 1, "reqnum": 1, field: value}
    with pytest.raises(RangeError, match="header"):
        encode_frame(**fields, body=b"")
    with pytest.raises(RangeError, match="header"):
        Header(size=18, **fields).encode()
