"""The vector files we make: what our codecs say today, and what tools that share nothing with them say."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from conformance.clauses import read_json
from tests.protocol.uz.gost_oracles import reference_digest
from tools import vectors

FOLDER = Path(vectors.FOLDER)
UZ: dict[str, Any] = json.loads((FOLDER / "made-uz.json").read_text(encoding="utf-8"))
KZ: dict[str, Any] = json.loads((FOLDER / "made-kz.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("made", [UZ, KZ], ids=["uz", "kz"])
def test_files_fit_the_schema(made: dict[str, Any]) -> None:
    schema = read_json("schema/vectors.schema.json")
    assert isinstance(schema, dict)
    jsonschema.validate(made, schema)
    for rows in (value for value in made.values() if isinstance(value, list)):
        assert len({row["id"] for row in rows}) == len(rows)


def test_files_are_what_the_codecs_make_today(tmp_path: Path) -> None:
    assert vectors.main(["--into", str(tmp_path)]) == 0
    for path in (tmp_path / "made-uz.json", tmp_path / "made-kz.json"):
        assert path.read_bytes() == (FOLDER / path.name).read_bytes()


def elements(data: bytes) -> list[tuple[int, bytes]]:
    """TLV read by hand: a byte of tag, the length in sevens of bits, lowest first, zeros at the end."""
    found, at = [], 0
    while at < len(data) and data[at]:
        tag, at, size, shift = data[at], at + 1, 0, 0
        while True:
            size, shift, more, at = size | (data[at] & 0x7F) << shift, shift + 7, data[at] & 0x80, at + 1
            if not more:
                break
        found.append((tag, data[at : at + size]))
        assert len(found[-1][1]) == size
        at += size
    assert not any(data[at:])
    return found


def bcd(data: bytes) -> int:
    """A sum in TotalBlock: lowest byte first, and in each byte the lower digit in the upper nibble."""
    return int("".join(f"{byte & 15}{byte >> 4}" for byte in reversed(data)))


@pytest.mark.parametrize("row", UZ["receipts"], ids=lambda row: row["id"])
def test_receipt_by_hand(row: dict[str, Any]) -> None:
    receipt, padded = row["receipt"], bytes.fromhex(row["tlv_hex"])
    assert len(padded) % 8 == 0
    ((tag, inside),) = elements(padded)
    assert tag == 0x8D
    items = [value for found, value in elements(inside) if found == 0x8C]
    assert len(items) == len(receipt["Items"])
    block = bytes.fromhex(row["total_block_hex"])
    digest, cash, card, vat, time, kind, operation, count = struct.unpack(">32s8s8s8s8sBBH", block[:68])
    assert digest.hex() == row["hash_hex"]
    assert (bcd(cash), bcd(card)) == (receipt["ReceivedCash"], receipt["ReceivedCard"])
    assert bcd(vat) == sum(item["VAT"] for item in receipt["Items"])
    moment = receipt["Time"].translate({ord(sign): None for sign in "-: "})
    assert time[4:5] == b"T"
    assert time[:4].hex() + time[5:].hex() == moment
    assert (kind, operation, count) == (receipt["Type"], receipt["Operation"], len(items))


@pytest.mark.parametrize("row", UZ["receipts"][::8], ids=lambda row: row["id"])
def test_hash_by_the_standard_on_another_cipher(row: dict[str, Any]) -> None:
    assert reference_digest(bytes.fromhex(row["tlv_hex"])).hex() == row["hash_hex"]


def crc32c(data: bytes) -> int:
    """Castagnoli's polynomial, bit by bit."""
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return value ^ 0xFFFFFFFF


@pytest.mark.parametrize("row", UZ["messages"], ids=lambda row: row["id"])
def test_message_by_hand(row: dict[str, Any]) -> None:
    frame = bytes.fromhex(row["frame_hex"])
    assert frame[0] == 6
    assert frame.hex().count("5a5a") >= 1
    for each in row["files"]:
        assert bytes.fromhex(each["header_hex"]) in frame
        assert bytes.fromhex(each["body_hex"]) in frame
    assert crc32c(frame[:-4]) in (
        int.from_bytes(frame[-4:], "big"),
        int.from_bytes(frame[-4:], "little"),
    )


@pytest.mark.parametrize("row", KZ["frames"], ids=lambda row: row["id"])
def test_frame_by_hand(row: dict[str, Any]) -> None:
    frame = bytes.fromhex(row["hex"])
    appcode, version, size, device, token, reqnum = struct.unpack("<HHIIIH", frame[:18])
    assert appcode == 0x81A2
    assert (version, size) == (row["dialect"], len(frame))
    assert (device, token, reqnum) == (row["device"], row["token"], row["reqnum"])


@pytest.mark.parametrize("version", [124, 202, 203, 204])
def test_bodies_by_the_compiler_of_protobuf(version: int) -> None:
    proto = f"reference/protocol/kz/proto/kkm{version}.proto"
    rows = [row for row in KZ["frames"] if row["dialect"] == version][:10]
    for row in rows:
        kind = "Request" if row["direction"] == "to operator" else "Response"
        text = decoded(proto, kind, bytes.fromhex(row["hex"])[18:])
        # Unknown fields would show up as bare numbers.
        assert not [line for line in text.splitlines() if line.strip()[:1].isdigit()]
        command = row["message"]["command"]
        assert f"command: {command}" in text
        assert count(row["message"]) == sum(":" in line for line in text.splitlines())


def decoded(proto: str, kind: str, body: bytes) -> str:
    package = next(
        line.split()[1].rstrip(";")
        for line in Path(proto).read_text().splitlines()
        if line.startswith("package")
    )
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I.", f"--decode={package}.{kind}", proto]
    done = subprocess.run(command, input=body, capture_output=True, timeout=60, check=True)
    return done.stdout.decode()


def count(value: Any) -> int:
    """Plain values in a message."""
    if isinstance(value, dict):
        return sum(count(inner) for inner in value.values())
    if isinstance(value, list):
        return sum(count(inner) for inner in value)
    return 1
