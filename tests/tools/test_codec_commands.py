"""The codec commands give what the vectors say, and refuse what cannot be read by naming it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tools import cli

VECTORS = json.loads(
    (Path(__file__).parents[2] / "conformance" / "vectors" / "uz.json").read_text(encoding="utf-8")
)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = cli.run(arguments)
    shown = capsys.readouterr()
    return status, shown.out, shown.err


@pytest.mark.parametrize("vector", VECTORS["receipts"], ids=lambda vector: vector["id"])
def test_encode_gives_the_vector(
    vector: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given, tlv, block = tmp_path / "receipt.json", tmp_path / "tlv", tmp_path / "block"
    given.write_text(json.dumps(vector["receipt"]), encoding="utf-8")
    status, out, _ = run(
        capsys, "receipt", "encode", str(given), "--tlv-out", str(tlv), "--total-block-out", str(block)
    )
    assert status == 0
    assert tlv.read_bytes().hex() == vector["tlv_hex"]
    assert block.read_bytes().hex() == vector["total_block_hex"]
    assert vector["hash_hex"] in out


def test_generate_repeats_by_seed_and_encodes_to_what_it_wrote(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tlv = tmp_path / "tlv"
    asked = ("receipt", "generate", "--seed", "7", "--time", "2026-01-01 10:00:00", "--tlv-out", str(tlv))
    first = run(capsys, *asked)
    assert first == run(capsys, *asked)
    given = tmp_path / "receipt.json"
    given.write_text(first[1], encoding="utf-8")
    status, out, _ = run(capsys, "receipt", "encode", str(given))
    assert status == 0
    assert tlv.read_bytes().hex() in out


def test_tlv_parse_shows_tree_and_paths(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "tlv", "parse", VECTORS["receipts"][0]["tlv_hex"])
    assert (status, out.splitlines()[:2]) == (0, ["8d (102)", "  01 (3) 000005"])
    status, out, _ = run(capsys, "tlv", "parse", "--oid-list", VECTORS["receipts"][0]["tlv_hex"])
    assert status == 0
    assert "8d.8c.07 = 21" in out or "8d.8c[0].07 = 21" in out


def test_decode_names_the_fields_of_every_kind(capsys: pytest.CaptureFixture[str]) -> None:
    receipt = VECTORS["receipts"][0]
    frame = VECTORS["messages"][1]["frame_hex"]
    block = receipt["total_block_hex"]
    for arguments, wanted in (
        (("apdu", f"00170000{len(block) // 2:02x}{block}", "--answer", "9022"), ["RECEIPT_REGISTER", "9022"]),
        (("response", "9030"), ["9030", "DATETIME_IS_IN_THE_PAST"]),
        (("message", frame), ["ZZ000000000000", "200"]),
        (("receipt-file", receipt["ciphertext_hex"], "--key", receipt["key_hex"]), ["Non Хлеб", "53571"]),
        (
            ("qr", "http://127.0.0.1:13448/check?t=ZZ000000000000&r=22&c=20211102141307&s=445705250315"),
            ["receipt_seq: 22", "445705250315", "2021-11-02 14:13:07"],
        ),
        (("message", "a281cb00140000004313000015cd5b0701000800"), ["KZ request SYSTEM", "token: 123456789"]),
        (
            ("qr", "http://127.0.0.1:7778/?i=3456086518&f=990000004931&s=500.00&t=20260701T085530"),
            ["sign: 3456086518", "990000004931", "total: 50000", "2026-07-01 08:55:30"],
        ),
    ):
        status, out, _ = run(capsys, "decode", *arguments)
        assert status == 0, arguments
        for text in wanted:
            assert text in out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("tlv", "parse", "zz"), "not hex"),
        (("tlv", "parse", "8d05"), "TLV-05"),
        (("tlv", "parse"), "--file"),
        (("tlv", "parse", "--file", "no-such-file"), "no-such-file"),
        (("decode", "qr", "http://127.0.0.1/"), "t"),
        (("decode", "qr", "http://127.0.0.1/?i=1&f=2&s=much&t=20260701T085530"), "s: 'much' is no sum"),
        (("decode", "receipt-file", "00", "--key", "00"), "key"),
        (
            ("receipt", "generate", "--tlv-out", f"{__file__}/x"),
            "/x cannot be written",
        ),
        (
            ("receipt", "generate", "--total-block-out", f"{__file__}/x"),
            "/x cannot be written",
        ),
    ],
)
def test_what_cannot_be_read_is_named(
    arguments: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert named in err
    assert "Traceback" not in err


def test_a_receipt_that_breaks_a_rule_is_refused_by_its_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "receipt.json"
    given.write_text(json.dumps(VECTORS["receipts"][0]["receipt"] | {"Items": []}), encoding="utf-8")
    status, _, err = run(capsys, "receipt", "encode", str(given))
    assert status == 2
    assert "receipt has no iteems" in err
