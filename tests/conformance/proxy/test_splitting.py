"""Splitters: whatever comes in goes out, in the same pieces however it was cut; what is none is told."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.proxy import splitting
from conformance.proxy.units import Piece, Side
from conformance.proxy.wires import WIRES
from reference.protocol.kz.frames import encode_frame
from reference.protocol.uz.message import Response, StatusCode, StatusInfo

SIDES = st.sampled_from([Side.REQUEST, Side.RESPONSE])
GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
CHUNKED = b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
UNITS = {
    ("module", Side.REQUEST): [b"\x00", b"\x02ab", b"\xff" + b"x" * 255],
    ("operator", Side.RESPONSE): [Response(StatusInfo(code)).encode() for code in StatusCode],
    ("kz", Side.REQUEST): [encode_frame(203, 1, 2, 3, body) for body in (b"", b"abc", b"x" * 900)],
    ("rest", Side.REQUEST): [GET, POST, CHUNKED],
    ("rest", Side.RESPONSE): [OK, CONTINUE, b"HTTP/1.1 204 X\r\n\r\n"],
}


def split(wire: str, side: Side, data: bytes, cuts: list[int]) -> list[Piece]:
    splitter = WIRES[wire].splitters()[side]
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [piece for start, end in pairwise(places) for piece in splitter.feed(data[start:end])]
    pieces += splitter.finish()
    assert splitter.pending == b""
    assert b"".join(piece.raw for piece in pieces) == data, "nothing is lost, added or moved"
    return pieces


@given(st.sampled_from(sorted(UNITS)), st.integers(0, 2**32), st.lists(st.integers(0, 2000), max_size=8))
def test_units_come_out_however_they_arrive(key: tuple[str, Side], seed: int, cuts: list[int]) -> None:
    units = Random(seed).choices(UNITS[key], k=4)
    pieces = split(*key, b"".join(units), cuts)
    assert [(piece.raw, piece.trouble) for piece in pieces] == [(unit, "") for unit in units]


@given(
    st.sampled_from(sorted(WIRES)), SIDES, st.binary(max_size=600), st.lists(st.integers(0, 600), max_size=4)
)
def test_any_bytes_pass(wire: str, side: Side, data: bytes, cuts: list[int]) -> None:
    pieces = split(wire, side, data, cuts)
    reader = WIRES[wire].reader()
    for piece in pieces:
        unit = reader.read(piece, side)
        assert unit.raw == piece.raw
        assert set(unit.names) <= set(WIRES[wire].names)


@given(st.sampled_from(sorted(UNITS)), st.binary(min_size=1, max_size=9), st.integers(0, 999))
def test_damaged_units_are_read_without_harm(key: tuple[str, Side], noise: bytes, at: int) -> None:
    wire, side = key
    for unit in UNITS[key]:
        place = at % len(unit)
        for piece in split(wire, side, unit[:place] + noise + unit[place + len(noise) :], [7]):
            WIRES[wire].read(piece, side, None)


def test_the_end_of_a_stream() -> None:
    until_close = b"HTTP/1.1 200 OK\r\n\r\nall the rest"
    assert split("rest", Side.RESPONSE, until_close, [25]) == [Piece(until_close)]
    (cut,) = split("kz", Side.REQUEST, UNITS["kz", Side.REQUEST][1][:-1], [])
    assert cut.trouble == "the stream ended inside a frame"
    (cut,) = split("rest", Side.REQUEST, POST[:-1], [])
    assert "the stream ended inside a message" in cut.trouble or "no HTTP message" in cut.trouble


def test_an_answer_is_framed_by_its_question() -> None:
    both = WIRES["rest"].splitters()
    both[Side.REQUEST].feed(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" + GET)
    pieces = both[Side.RESPONSE].feed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + CONTINUE + OK)
    assert [(len(piece.raw), piece.interim) for piece in pieces] == [
        (38, False),
        (len(CONTINUE), True),
        (40, False),
    ]


def test_a_connection_that_leaves_http() -> None:
    switched = b"HTTP/1.1 101 X\r\nUpgrade: y\r\nConnection: upgrade\r\n\r\n"
    pieces = split("rest", Side.RESPONSE, switched + b"\x00\x01", [len(switched)])
    assert [piece.raw for piece in pieces] == [switched, b"\x00\x01"]
    assert pieces[1].trouble == "the connection has left HTTP"


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "LARGEST", 100)
    splitter = WIRES["rest"].splitters()[Side.REQUEST]
    head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n"
    assert splitter.feed(head) == []
    (piece,) = splitter.feed(b"x" * 60)
    assert piece.raw == head + b"x" * 60
    assert piece.trouble == "a message of more than 100 bytes"
    assert [one.raw for one in splitter.feed(b"y")] == [b"y"]
