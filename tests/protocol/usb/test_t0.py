"""T=0: 61xx and GET RESPONSE on both sides, procedure bytes, short APDUs as TPDUs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference.protocol.usb import t0
from reference.protocol.usb.errors import TpduError

GET_256 = bytes.fromhex("00c0000000")
OK = b"\x90\x00"


def test_a_status_word_goes_out_as_it_is():
    card = t0.Card()
    assert card.answer(OK) == OK
    assert card.fetch(GET_256) == b"\x69\x85"


def test_data_is_fetched_with_get_response():
    card = t0.Card()
    assert card.answer(b"abc" + OK) == b"\x61\x03"
    assert card.fetch(bytes.fromhex("00c0000005")) == b"\x6c\x03"
    assert card.fetch(bytes.fromhex("00c0000002")) == b"ab\x61\x01"
    assert card.fetch(bytes.fromhex("00c0000001")) == b"c" + OK
    assert card.fetch(bytes.fromhex("00c0000001")) == b"\x69\x85"


def test_256_bytes_are_announced_as_00():
    card = t0.Card()
    assert card.answer(bytes(256) + OK) == b"\x61\x00"
    assert card.fetch(GET_256) == bytes(256) + OK


def test_any_other_command_drops_what_waits():
    card = t0.Card()
    card.answer(b"abc" + OK)
    assert card.fetch(bytes.fromhex("00a4040000")) is None
    assert card.fetch(GET_256) == b"\x69\x85"
    card.answer(b"abc" + OK)
    card.reset()
    assert card.fetch(GET_256) == b"\x69\x85"


@pytest.mark.parametrize(
    ("apdu", "tpdu"),
    [
        ("00a40400", "00a4040000"),
        ("00a4040000", "00a4040000"),
        ("00a4040002abcd", "00a4040002abcd"),
        ("00a4040002abcd00", "00a4040002abcd"),
    ],
)
def test_short_apdus_become_tpdus(apdu, tpdu):
    assert t0.to_tpdu(bytes.fromhex(apdu)) == bytes.fromhex(tpdu)


@pytest.mark.parametrize(
    ("apdu", "text"),
    [("00a404", "APDU: 3 bytes, a header has 4"), ("00a4040003abcd0000aa", "Lc: 5 bytes follow Lc = 3")],
)
def test_what_is_no_short_apdu(apdu, text):
    with pytest.raises(TpduError) as caught:
        t0.to_tpdu(bytes.fromhex(apdu))
    assert text in str(caught.value)


def exchange(apdu, answers):
    """Drive the host's side; gives the TPDUs it sent and the response it returned."""
    host = t0.apdus(apdu)
    sent = [next(host)]
    for answer in answers:
        try:
            sent.append(host.send(answer))
        except StopIteration as end:
            return sent, end.value
    raise AssertionError("the host wants more")


def test_the_host_fetches_until_nothing_is_left():
    sent, response = exchange(bytes.fromhex("0001000000"), [b"\x61\x02", b"ab\x61\x01", b"c" + OK])
    assert sent == [bytes.fromhex(one) for one in ("0001000000", "00c0000002", "00c0000001")]
    assert response == b"abc" + OK


def test_the_host_repeats_with_the_right_length():
    sent, response = exchange(bytes.fromhex("00b0000000"), [b"\x6c\x02", b"ab" + OK])
    assert sent[1] == bytes.fromhex("00b0000002")
    assert response == b"ab" + OK


def test_6c_after_data_is_an_answer():
    _, response = exchange(bytes.fromhex("00d6000001ff"), [b"\x6c\x02"])
    assert response == b"\x6c\x02"


def test_an_answer_has_a_status_word():
    with pytest.raises(TpduError, match="SW1 SW2: 1 bytes, a status word has 2"):
        exchange(bytes.fromhex("0001000000"), [b"\x90"])


@given(st.binary(max_size=256), st.sampled_from([OK, b"\x69\x82"]))
def test_card_and_host_agree(data, status):
    card = t0.Card()
    host = t0.apdus(bytes.fromhex("0001000000"))
    tpdu = next(host)
    response = None
    while response is None:
        fetched = card.fetch(tpdu)
        try:
            tpdu = host.send(card.answer(data + status) if fetched is None else fetched)
        except StopIteration as end:
            response = end.value
    assert response == data + status


def test_procedure_bytes_ask_for_data():
    sent = t0.Sent(bytes.fromhex("00d6000003aabbcc"))
    assert sent.header == bytes.fromhex("00d6000003")
    assert sent.procedure(t0.NULL) == b""
    assert sent.procedure(0xD6 ^ 0xFF) == b"\xaa"
    assert sent.procedure(0xD6) == b"\xbb\xcc"
    assert sent.procedure(0xD6) == b""
    assert sent.procedure(0x90) is None
    assert sent.procedure(0x6A) is None
    with pytest.raises(TpduError, match="procedure byte: 0x01 is none"):
        sent.procedure(0x01)
    with pytest.raises(TpduError, match="TPDU: 4 bytes, a header has 5"):
        t0.Sent(bytes(4))
