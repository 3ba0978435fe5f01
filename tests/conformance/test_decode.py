from __future__ import annotations

import random
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.clauses import read_json
from conformance.decode import (
    Tree,
    decode_bytes,
    decode_command,
    decode_exchange,
    decode_frame,
    decode_http,
    decode_response,
)
from conformance.drivers.terminal import Terminal
from conformance.events import Direction, Exchange, Layer
from reference.protocol.uz import apdu, message, standin, tlv
from reference.protocol.uz.objects import FiscalMemoryInfo
from reference.protocol.uz.total_block import TotalBlock

TIME = datetime(2026, 7, 1, 9, 0, 1)


def lines(tree: Tree) -> list[str]:
    return list(tree.lines())


def test_commands_are_named_and_their_data_read() -> None:
    assert lines(decode_command(apdu.zreport_open(TIME).encode())) == [
        "ZREPORT_OPEN",
        "  time: 2026-07-01 09:00:01",
    ]
    assert lines(decode_command(apdu.get_zreport_info(3).encode())) == ["GET_ZREPORT_INFO", "  index: 3"]
    assert lines(decode_command(apdu.select().encode())) == ["SELECT: fiscaldriveS01"]
    assert lines(decode_command(bytes.fromhex("00ff010200"))) == ["unknown INS FF", "  P1 P2: 01 02"]


def test_a_total_block_is_read_field_by_field() -> None:
    block = TotalBlock(bytes(32), 500_000, 0, 53_571, TIME, 0, 0, 1, b"")
    shown = lines(decode_command(apdu.receipt_register(block.encode()).encode()))
    assert "    cash: 500000" in shown
    assert "    time: 2026-07-01 09:00:01" in shown


def test_an_ack_file_is_read() -> None:
    file = standin.make_ack_file(standin.AckKind.RECEIPT, "ZZ000000000000", bytes(8), TIME)
    assert "    terminal_id: ZZ000000000000" in lines(decode_command(apdu.ack(file).encode()))


def test_answers_show_status_word_and_object() -> None:
    memory = FiscalMemoryInfo(terminal_id="ZZ000000000000", receipt_seq=7, last_operation=TIME)
    shown = lines(decode_response(memory.encode() + b"\x90\x00"))
    assert shown[0] == "answer: 9000 - NO_ERROR"
    assert "    receipt_seq: 7" in shown
    assert lines(decode_response(b"\x90\x22")) == ["answer: 9022 - ZREPORT_IS_NOT_CLOSED"]
    assert lines(decode_response(b"\x90"))[0].endswith("(no status word)")
    version = decode_response(b"\x04\x00\x90\x00", apdu.get_version().encode())
    assert lines(version)[1] == "  version: 0400"


def test_frames_of_the_vectors_are_requests() -> None:
    vectors = read_json("vectors/uz.json")
    assert isinstance(vectors, dict)
    for vector in vectors["messages"]:
        frame = next(
            value for value in vector.values() if isinstance(value, str) and value.startswith("068a")
        )
        assert decode_frame(bytes.fromhex(frame)).name == "message request"


def test_a_frame_that_cannot_be_read_is_shown_as_tlv() -> None:
    frame = b"\x06" + tlv.element(0x8A, tlv.element(0x01, b"\x01")) + bytes(4)
    assert lines(decode_frame(frame))[0] == "message frame that cannot be read"


def test_receipts_of_the_vectors_are_read() -> None:
    vectors = read_json("vectors/uz.json")
    assert isinstance(vectors, dict)
    for vector in vectors["receipts"]:
        raw = next(value for value in vector.values() if isinstance(value, str) and value.startswith("8d"))
        assert decode_bytes(bytes.fromhex(raw)).name == "8d FullReceipt"


def test_http_shows_its_json() -> None:
    head = b"POST /FiscalDrive/List HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    raw = head + b'{"Reason": "9021 - X", "n": [1, {"a": null}]}'
    shown = lines(decode_http(raw))
    assert shown[0] == "POST /FiscalDrive/List HTTP/1.1"
    assert "    Reason: 9021 - X" in shown
    assert "        a: None" in shown


def test_files_in_a_message_are_read_to_the_bottom() -> None:
    rng = random.Random(3)
    terminal = Terminal("ZZ000000000001", TIME, rng)
    sender = message.SenderInfo("t")
    frame = message.Request(terminal.id, TIME, sender, (terminal.issue().full,)).encode()
    shown = lines(decode_frame(frame))
    assert "      type: 1 PurchaseReceipt" in shown
    assert "        a5 ReceiptFile" in shown
    ack = standin.make_ack_file(standin.AckKind.RECEIPT, terminal.id, bytes(8), TIME)
    answer = message.Response(
        message.StatusInfo(message.StatusCode.OK),
        (message.AckFile(message.FileStatus.Acknowledge, b"", ack),),
    )
    assert "        kind: 1 RECEIPT" in lines(decode_frame(answer.encode()))


def test_what_is_too_large_is_not_taken_apart() -> None:
    raw = b"POST / HTTP/1.1\r\n\r\n[" + b"0," * 40_000 + b"0]"
    tree = decode_exchange(Exchange("t", "c", "", Layer.HTTP, Direction.SENT, raw))
    assert tree.name == f"{len(raw)} bytes"
    assert tree.value.startswith("'POST / HTTP/1.1")


def test_a_tree_is_json_data() -> None:
    inner = (Tree("b", "1"), Tree("b", "2"), Tree("c", "", (Tree("d", "3"),)))
    assert Tree("a", "", inner).as_json() == {"a": {"b": "1", "b[1]": "2", "c": {"d": "3"}}}
    assert Tree("a", "x", inner[:1]).as_json() == {"a": "x", "b": "1"}


@given(st.binary(max_size=300), st.sampled_from(Layer), st.sampled_from(Direction))
def test_no_bytes_break_the_decoder(raw: bytes, layer: Layer, direction: Direction) -> None:
    tree = decode_exchange(Exchange("t", "c", "", layer, direction, raw, raw[:6]))
    assert lines(tree)[0]


@given(st.binary(max_size=120), st.sampled_from(["0003000008", "0017000044", "000900005a", "001100005a"]))
def test_no_command_data_breaks_the_decoder(data: bytes, head: str) -> None:
    raw = bytes.fromhex(head)[:4] + bytes((len(data),)) + data
    assert lines(decode_command(raw))[0]


@pytest.mark.parametrize("depth", [100, 101, 990, 5_000, 50_000])
def test_a_body_too_deep_to_be_a_tree_is_shown_as_text(depth: int) -> None:
    """Judges send such bodies on purpose; whoever looks at them must not fall over."""
    body = b"[" * depth + b"]" * depth
    shown = decode_http(b"POST /api/login HTTP/1.1\r\nHost: x\r\n\r\n" + body)
    last = shown.children[-1]
    if depth <= 100:
        assert last.name == "JSON"
    else:
        assert last == Tree("body", body.decode())
