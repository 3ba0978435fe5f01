"""Kazakh frames as people read them: every vector by its direction, and whatever else comes."""

from __future__ import annotations

import random
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.clauses import read_json
from conformance.decode import decode_exchange, decode_frame, decode_http
from conformance.events import Direction, Exchange, Layer
from reference.protocol.kz.dialects import dialect_for, fallback_dialect
from reference.protocol.kz.documents import MoneyPlacement, to_message
from reference.protocol.kz.frames import encode_frame
from reference.protocol.kz.generate import random_ticket
from reference.protocol.kz.kinds import PlacementKind

SPOKEN = fallback_dialect()

VECTORS: list[dict[str, Any]] = read_json("vectors/kz.json")["vectors"]  # type: ignore[index, call-overload]


def frame_of(vector: dict[str, Any]) -> bytes:
    return bytes.fromhex(vector["hex"])


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_every_vector_is_told_by_its_direction_and_header(vector: dict[str, Any]) -> None:
    tree = decode_frame(frame_of(vector))
    command = vector["message"]["command"].removeprefix("COMMAND_")
    what = "KZ request" if vector["direction"] == "kkm_to_ofd" else "KZ answer"
    assert tree.name.startswith(f"{what} {command}"), tree.name
    shown = {child.name: child.value for child in tree.children[:5]}
    assert shown == {
        name: str(vector["header"][name]) for name in ("version", "size", "id", "token", "reqnum")
    }
    assert tree.children[5].name == vector["message_type"]


def test_money_and_dates_are_written_as_people_do() -> None:
    time = datetime(2026, 7, 1, 9, 0, 5)
    deposit = to_message(SPOKEN, MoneyPlacement(PlacementKind.DEPOSIT, time, 5_000_07))
    shown = "\n".join(decode_frame(encode_frame(203, 1, 2, 3, deposit.SerializeToString())).lines())
    assert "sum: 5000.07" in shown
    assert "datetime: 2026-07-01 09:00:05" in shown
    assert "operation: MONEY_PLACEMENT_DEPOSIT" in shown


@given(st.integers(0, 2**32), st.sampled_from((124, 202, 203, 204)))
def test_a_ticket_is_a_request_in_every_version(seed: int, version: int) -> None:
    dialect = dialect_for(version)
    assert dialect is not None
    ticket = random_ticket(random.Random(seed), version, datetime(2026, 7, 1, 9, 0, 5))
    frame = encode_frame(version, 1, 2, 3, to_message(dialect, ticket).SerializeToString())
    assert decode_frame(frame).name == "KZ request TICKET"


def test_a_refusal_names_its_code_in_the_meaning_of_its_version() -> None:
    body = bytes.fromhex("080112020812")  # TICKET, result 18
    assert decode_frame(encode_frame(204, 7, 9, 2, body)).name == "KZ answer TICKET: 18 DEREGISTERED"
    assert (
        decode_frame(encode_frame(203, 7, 9, 2, body)).name
        == "KZ answer TICKET: 18 ELEMENT_NOT_FOUND_BY_BARCODE"
    )


def test_what_is_no_body_and_what_is_no_whole_frame_is_said() -> None:
    garbage = decode_frame(encode_frame(203, 1, 2, 3, b"\xff\xff"))
    assert garbage.name == "frame"
    assert garbage.children[-1].value.startswith("ffff (")
    whole = encode_frame(203, 1, 2, 3, b"\x08\x00")
    cut = "\n".join(decode_frame(whole[:-1]).lines())
    assert "size: 20 (19 bytes here)" in cut
    assert "size: 20\n" in "\n".join(decode_frame(whole).lines())


def test_two_frames_in_one_piece_and_a_rest_are_all_shown() -> None:
    one = frame_of(VECTORS[0])
    tree = decode_frame(one + one + b"\x00")
    assert tree.name == "3 pieces"
    assert tree.children[0] == tree.children[1]
    assert tree.children[2].value.startswith("00 (")


@given(st.binary(max_size=200))
def test_nothing_that_begins_as_a_frame_breaks_the_decoder(rest: bytes) -> None:
    exchange = Exchange("ofd", "case", "", Layer.MESSAGE, Direction.RECEIVED, b"\xa2\x81" + rest)
    assert list(decode_exchange(exchange).lines())


def test_a_pressed_key_is_shown_field_by_field() -> None:
    tree = decode_http(b'POST /keys/deposit {"sum": 50000}')
    assert list(tree.lines()) == ["POST /keys/deposit", "  JSON", "    sum: 50000"]
